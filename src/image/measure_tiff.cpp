#include <algorithm>
#include <string>

#include "image/measure_formats.h"
#include "image/tiff_directory.h"

namespace farm::image {
namespace {

namespace tag {
constexpr std::uint16_t kWidth = 256;
constexpr std::uint16_t kHeight = 257;
constexpr std::uint16_t kBitsPerSample = 258;
constexpr std::uint16_t kSamplesPerPixel = 277;
constexpr std::uint16_t kRowsPerStrip = 278;
constexpr std::uint16_t kTileHeight = 323;
}  // namespace tag

constexpr std::uint64_t kMostOfSide = 0x7fffffff;

}  // namespace

Result<Shape> measure_tiff(ByteView bytes) {
  const auto head = read_tiff_head(bytes);
  const auto directory =
      head ? TiffDirectory::read(bytes, *head, head->first_directory) : std::nullopt;
  if (!directory) return bad_header("TIFF: there is no directory");
  const std::uint64_t width = directory->number(tag::kWidth).value_or(0);
  const std::uint64_t height = directory->number(tag::kHeight).value_or(0);
  if (width == 0 || height == 0 || width > kMostOfSide || height > kMostOfSide) {
    return bad_header("TIFF: there are no dimensions");
  }
  const std::uint64_t samples = directory->number(tag::kSamplesPerPixel).value_or(1);
  const std::uint64_t bits = directory->number(tag::kBitsPerSample).value_or(1);
  constexpr std::uint64_t kMostSamples = 64, kMostBits = 64;
  if (samples == 0 || samples > kMostSamples || bits > kMostBits) {
    return fail(ErrorCode::kUnsupported, "image",
                "the picture has channels or samples of a kind not taken here");
  }
  // A strip or a row of tiles is decoded as a whole; a file may have all of itself in one.
  const std::uint64_t tile_rows = directory->number(tag::kTileHeight).value_or(0);
  const std::uint64_t strip_rows = directory->number(tag::kRowsPerStrip).value_or(height);
  const std::uint64_t rows =
      std::clamp<std::uint64_t>(tile_rows != 0 ? tile_rows : strip_rows, 1, height);
  // At least 8 bits a sample once unpacked; what has three of fewer bits may become RGB.
  const std::uint64_t pixel_bytes =
      std::max<std::uint64_t>(samples * std::max<std::uint64_t>(bits / 8, 1), 3);
  return Shape{.format = photo::Format::kTiff,
               .stored = {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)},
               .whole_in_memory = rows == height,
               .rows_in_memory = static_cast<std::uint32_t>(rows),
               // As it lies in the file's samples, and as it is handed on.
               .bytes_per_pixel = static_cast<std::uint32_t>(2 * pixel_bytes),
               .decoded_bytes_per_pixel = static_cast<std::uint32_t>(pixel_bytes)};
}

}  // namespace farm::image
