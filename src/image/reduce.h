// Which dimensions a size passes through, and how a picture is reduced to them.
// Internal to the room.
#pragma once

#include "base/result.h"
#include "image/vips_handle.h"
#include "photo/size_code.h"

namespace farm::image {

// The whole upright picture as it stands before a square is cut out of it: both sides cover the
// square. For other sizes, the size itself.
photo::Dimensions before_crop(photo::Dimensions upright, const photo::SizeSpec& spec);

// To exactly these dimensions, by Lanczos 3; nothing to do where they are the image's own.
Result<Image> reduce(const Image& image, photo::Dimensions to);

Result<Image> crop_centre(const Image& image, photo::Dimensions to);

}  // namespace farm::image
