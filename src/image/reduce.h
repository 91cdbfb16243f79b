// How a picture is reduced. Internal to the room.
#pragma once

#include "base/result.h"
#include "image/vips_handle.h"
#include "photo/size_code.h"

namespace farm::image {

// To exactly these dimensions, by Lanczos 3; nothing to do where they are the image's own.
Result<Image> reduce(const Image& image, photo::Dimensions to);

Result<Image> crop_centre(const Image& image, photo::Dimensions to);

}  // namespace farm::image
