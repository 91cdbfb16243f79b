// JPEG to planes by libjpeg-turbo: decoded at the smallest scale that suffices, reduced as rows
// arrive, and never converted from the colours it is stored in. Internal to the room. Thread-safe.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "image/planes.h"

namespace farm::image {

struct JpegRequest {
  photo::Dimensions upright;      // wanted
  int orientation = 1;            // of EXIF, 1 to 8
  bool halved = true;             // Cb and Cr of the result
  bool accept_truncated = false;  // what is missing is grey
};

// Nothing if it is of a kind that others must decode: CMYK, YCCK, RGB. kUnprocessable if it is
// damaged or cut short. The header has been read before and found within the limits.
Result<std::optional<Planes>> decode_jpeg(ByteView jpeg, const JpegRequest& request);

}  // namespace farm::image
