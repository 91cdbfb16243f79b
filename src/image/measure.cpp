#include "image/measure.h"

#include <algorithm>
#include <string>

#include "image/image.h"
#include "image/measure_formats.h"

namespace farm::image {
namespace {

constexpr std::uint64_t kBase = 8 << 20;
constexpr std::uint64_t kBandRows = 512;
constexpr std::uint64_t kReducedBytesPerPixel = 8;

std::uint64_t square(std::uint64_t side) { return side * side; }

auto too_large(std::string context) {
  return fail(ErrorCode::kTooLarge, "image", std::move(context));
}

Result<Shape> measure_as(ByteView bytes, photo::Format format) {
  switch (format) {
    case photo::Format::kJpeg:
      return measure_jpeg(bytes);
    case photo::Format::kPng:
      return measure_png(bytes);
    case photo::Format::kGif:
      return measure_gif(bytes);
    case photo::Format::kWebp:
      return measure_webp(bytes);
    case photo::Format::kTiff:
      return measure_tiff(bytes);
    case photo::Format::kHeic:
    case photo::Format::kAvif:
      return measure_heif(bytes, format);
  }
  return fail(ErrorCode::kInternal, "image", "a format that nothing measures");
}

}  // namespace

Result<Shape> measure(ByteView original) {
  FARM_TRY(const photo::Format format, identify(original));
  return measure_as(original, format);
}

Result<void> check_dimensions(photo::Dimensions size, const Limits& limits) {
  const std::string shown = std::to_string(size.width) + "x" + std::to_string(size.height);
  if (std::max(size.width, size.height) > limits.max_side_px) {
    return too_large("the picture is " + shown + " pixels; a side may have at most " +
                     std::to_string(limits.max_side_px));
  }
  if (std::uint64_t{size.width} * size.height > limits.max_pixels) {
    return too_large("the picture is " + shown + " pixels; it may have at most " +
                     std::to_string(limits.max_pixels) + " in all");
  }
  return ok();
}

std::uint32_t count_frames(ByteView original, const Shape& shape, std::uint32_t most) {
  if (shape.format == photo::Format::kGif) return count_gif_frames(original, most);
  if (shape.format == photo::Format::kWebp) return count_webp_frames(original, most);
  return 1;
}

std::uint64_t estimate_bytes(const Shape& shape, std::uint32_t largest_side_px) {
  const std::uint64_t width = shape.stored.width;
  const std::uint64_t decoder = width * shape.rows_in_memory * shape.bytes_per_pixel;
  const std::uint64_t band_rows = std::min<std::uint64_t>(shape.stored.height, kBandRows);
  const std::uint64_t band = width * band_rows * shape.decoded_bytes_per_pixel;
  const std::uint64_t reduced = std::min(shape.pixels(), square(2 * largest_side_px));
  return decoder + band + reduced * kReducedBytesPerPixel + kBase;
}

std::uint64_t estimate_edit_bytes(const Shape& shape, std::uint32_t frames) {
  return estimate_bytes(shape) + 3 * shape.pixels() * frames * shape.decoded_bytes_per_pixel;
}

}  // namespace farm::image
