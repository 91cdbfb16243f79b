#include <algorithm>
#include <string>

#include "image/byte_order.h"
#include "image/jpeg_segments.h"
#include "image/measure_formats.h"

namespace farm::image {
namespace {

// SOF0 to SOF15 but DHT, JPG and DAC, which have numbers among them.
bool is_frame_header(std::uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

// Baseline, extended sequential and progressive, by Huffman or arithmetic coding; not lossless and
// hierarchical ones.
bool is_taken(std::uint8_t marker) { return marker <= 0xc2 || marker == 0xc9 || marker == 0xca; }
bool is_progressive(std::uint8_t marker) { return marker == 0xc2 || marker == 0xca; }

struct Frame {
  photo::Dimensions dimensions;
  std::uint32_t components = 0;
  std::uint32_t coefficient_bytes = 0;  // for a pixel of the whole, rounded up
  bool progressive = false;
};

// Two bytes for each coefficient; a component that is sampled less often has fewer. 0 where a
// factor is none of 1 to 4.
std::uint32_t coefficient_bytes(ByteView components) {
  std::uint32_t samples = 0, most_across = 1, most_down = 1;
  for (std::size_t i = 1; i < components.size(); i += 3) {
    const auto factors = std::to_integer<std::uint32_t>(components[i]);
    const std::uint32_t across = factors >> 4, down = factors & 15;
    if (across < 1 || across > 4 || down < 1 || down > 4) return 0;
    samples += across * down;
    most_across = std::max(most_across, across);
    most_down = std::max(most_down, down);
  }
  const std::uint32_t pixels = most_across * most_down;
  return (2 * samples + pixels - 1) / pixels;
}

Result<Frame> read_frame(const JpegSegment& segment) {
  if (!is_taken(segment.marker)) {
    return fail(ErrorCode::kUnsupported, "image",
                "a JPEG of this kind (lossless or hierarchical) is not taken here");
  }
  const ByteView bytes = segment.payload;
  const auto precision = read_be<std::uint8_t>(bytes, 0);
  const auto height = read_be<std::uint16_t>(bytes, 1);
  const auto width = read_be<std::uint16_t>(bytes, 3);
  const auto count = read_be<std::uint8_t>(bytes, 5);
  if (!count || bytes.size() < 6 + 3 * std::size_t{*count}) {
    return bad_header("JPEG: the frame header is too short");
  }
  if (*precision != 8) {
    return fail(ErrorCode::kUnsupported, "image",
                "a JPEG with " + std::to_string(*precision) + " bits a sample is not taken here");
  }
  if (*width == 0 || *height == 0 || *count == 0 || *count > 4) {
    return bad_header("JPEG: the frame header has impossible dimensions");
  }
  const std::uint32_t for_pixel = coefficient_bytes(bytes.subspan(6, 3 * std::size_t{*count}));
  if (for_pixel == 0) return bad_header("JPEG: the frame header has impossible sampling factors");
  return Frame{.dimensions = {*width, *height},
               .components = *count,
               .coefficient_bytes = for_pixel,
               .progressive = is_progressive(segment.marker)};
}

Shape shape_of(const Frame& frame, bool one_scan) {
  Shape shape{.format = photo::Format::kJpeg, .stored = frame.dimensions};
  shape.decoded_bytes_per_pixel = frame.components;
  // More than one scan over the same pixels: all coefficients are kept until the last.
  shape.whole_in_memory = frame.progressive || !one_scan;
  shape.rows_in_memory = shape.whole_in_memory ? frame.dimensions.height : 64;
  shape.bytes_per_pixel = shape.whole_in_memory ? frame.coefficient_bytes : frame.components;
  return shape;
}

}  // namespace

Result<Shape> measure_jpeg(ByteView bytes) {
  JpegSegments segments(bytes);
  std::optional<Frame> frame;
  while (const auto segment = segments.next()) {
    if (is_frame_header(segment->marker) && !frame) {
      FARM_TRY(frame, read_frame(*segment));
    } else if (segment->marker == kStartOfScan) {
      if (!frame) break;
      const auto components = read_be<std::uint8_t>(segment->payload, 0);
      if (!components) break;
      return shape_of(*frame, *components >= frame->components);
    }
  }
  return bad_header(frame ? "JPEG: there is no scan" : "JPEG: there is no frame header");
}

}  // namespace farm::image
