// Measuring, format by format. Internal to the room. Each is given bytes that were identified as
// its format's, and may find them damaged behind the first few.
#pragma once

#include "image/measure.h"

namespace farm::image {

Result<Shape> measure_jpeg(ByteView bytes);
Result<Shape> measure_png(ByteView bytes);
Result<Shape> measure_gif(ByteView bytes);
Result<Shape> measure_webp(ByteView bytes);
Result<Shape> measure_tiff(ByteView bytes);
Result<Shape> measure_heif(ByteView bytes, photo::Format format);

std::uint32_t count_gif_frames(ByteView bytes, std::uint32_t most);
std::uint32_t count_webp_frames(ByteView bytes, std::uint32_t most);

// `what` begins with the format's name: "JPEG: there is no frame header".
inline auto bad_header(std::string what) {
  return fail(ErrorCode::kUnprocessable, "image", "the picture is damaged or cut short: " + what);
}

}  // namespace farm::image
