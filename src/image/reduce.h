// From one size to the next smaller one. Internal to the room.
#pragma once

#include "base/result.h"
#include "image/config.h"
#include "image/planes.h"
#include "image/vips_handle.h"

namespace farm::image {

// To exactly these dimensions, by Lanczos 3. If they are a square and the picture is none, the
// largest square in its middle is taken.
Result<Planes> reduce(const Planes& planes, photo::Dimensions to, const Config& config);

// The same for 8-bit sRGB or grey of libvips, averaging light instead of its sRGB values.
Result<Image> reduce_light(const Image& image, photo::Dimensions to);

}  // namespace farm::image
