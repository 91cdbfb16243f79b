// Turning a JPEG without loss: its coefficients change places, and no pixel is computed.
// Internal to the room.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace farm::image {

// Turned upright from its EXIF orientation (1 to 8) and then clockwise by 90, 180 or 270 degrees;
// profile and EXIF kept as image.h says of edits. Nothing where that is not possible: where a side
// that comes to the left or top is not a whole number of coded blocks (8 or 16 pixels), or the data
// give cause for a warning.
std::optional<Bytes> rotate_jpeg(ByteView jpeg, int orientation, int degrees);

}  // namespace farm::image
