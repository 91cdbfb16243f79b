// HEIC and AVIF: the properties of the primary item. A picture in tiles is an item of its own that
// says how large the whole is.
#include <algorithm>

#include "image/byte_order.h"
#include "image/iso_boxes.h"
#include "image/measure_formats.h"

namespace farm::image {
namespace {

// Quarter turns are part of the picture as it is handed out, unlike the orientation of EXIF.
bool lies_on_its_side(const Box& turn) {
  return !turn.payload.empty() && (turn.payload[0] & std::byte{1}) != std::byte{0};
}

// More than 8 bits a sample; by the pixel information, or by the codec's configuration.
bool is_deep(const Box& property) {
  const ByteView bytes = property.payload;
  if (property.type == "pixi") {
    const auto channels = read_be<std::uint8_t>(bytes, 4);
    if (!channels) return false;
    const ByteView bits = bytes.subspan(5, std::min<std::size_t>(*channels, bytes.size() - 5));
    return std::ranges::any_of(bits, [](std::byte b) { return b > std::byte{8}; });
  }
  if (property.type == "av1C")
    return bytes.size() > 2 && (bytes[2] & std::byte{0x40}) != std::byte{};
  if (property.type == "hvcC")
    return bytes.size() > 17 && (bytes[17] & std::byte{7}) != std::byte{};
  return false;
}

}  // namespace

Result<Shape> measure_heif(ByteView bytes, photo::Format format) {
  const auto meta = MetaBox::find(bytes);
  const auto item = meta ? meta->primary_item() : std::nullopt;
  if (!item) return bad_header("HEIF: there is no primary item");
  photo::Dimensions stored;
  bool on_its_side = false;
  for (const Box& property : meta->properties_of(*item)) {
    if (property.type == "ispe") {
      stored = {read_be<std::uint32_t>(property.payload, 4).value_or(0),
                read_be<std::uint32_t>(property.payload, 8).value_or(0)};
    }
    if (property.type == "irot" && lies_on_its_side(property)) on_its_side = !on_its_side;
  }
  constexpr std::uint32_t kMostOfSide = 0x7fffffff;
  if (stored.width == 0 || stored.height == 0 || stored.width > kMostOfSide ||
      stored.height > kMostOfSide) {
    return bad_header("HEIF: there are no dimensions");
  }
  if (on_its_side) std::swap(stored.width, stored.height);
  const std::vector<Box> all = meta->all_properties();
  const std::uint32_t sample_bytes = std::ranges::any_of(all, is_deep) ? 2 : 1;
  return Shape{.format = format,
               .stored = stored,
               .whole_in_memory = true,
               .rows_in_memory = stored.height,
               // Planes of luma, colour and alpha, and the same as interleaved RGBA.
               .bytes_per_pixel = 8 * sample_bytes,
               .decoded_bytes_per_pixel = 4 * sample_bytes};
}

}  // namespace farm::image
