#include "image/exif_upright.h"

#include <algorithm>
#include <array>
#include <vector>

#include "image/tiff_directory.h"

namespace farm::image {
namespace {

constexpr std::size_t kMaxValueBytes = 8 << 10;
constexpr std::size_t kMaxBlockBytes = 60 << 10;  // what one segment of a JPEG surely takes
constexpr std::size_t kEntryBytes = 12;
constexpr std::uint16_t kLong = 4;

namespace tag {
constexpr std::uint16_t kWidth = 256;
constexpr std::uint16_t kHeight = 257;
constexpr std::uint16_t kOrientation = 274;
constexpr std::uint16_t kExif = 34665;
constexpr std::uint16_t kGps = 34853;
constexpr std::uint16_t kPixelWidth = 40962;
constexpr std::uint16_t kPixelHeight = 40963;
}  // namespace tag

// Pictures, places of pictures, directories of their own, and blocks that described the old bytes.
constexpr std::array<std::uint16_t, 13> kLeftOut = {
    273,         // StripOffsets
    279,         // StripByteCounts
    330,         // SubIFDs
    513,         // JPEGInterchangeFormat: the thumbnail
    514,         // its length
    700,         // XMP
    tag::kExif,  // written anew
    tag::kGps,   // the same
    33723,       // IPTC
    34377,       // Photoshop
    34675,       // ICC profile, which JPEG has in a segment of its own
    37500,       // MakerNote
    40965,       // Interoperability
};

struct Kept {
  std::uint16_t tag = 0;
  std::uint16_t type = 0;
  std::uint32_t count = 0;
  Bytes value;  // in the block's byte order
};

template <std::unsigned_integral T>
Bytes number_bytes(T value, ByteOrder order) {
  Bytes bytes(sizeof(T));
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    const std::size_t shift = 8 * (order == ByteOrder::kBig ? sizeof(T) - 1 - i : i);
    bytes[i] = static_cast<std::byte>(value >> shift & 255);
  }
  return bytes;
}

std::uint16_t turned_tag(std::uint16_t asked) {
  switch (asked) {
    case tag::kWidth:
      return tag::kHeight;
    case tag::kHeight:
      return tag::kWidth;
    case tag::kPixelWidth:
      return tag::kPixelHeight;
    case tag::kPixelHeight:
      return tag::kPixelWidth;
    default:
      return asked;
  }
}

std::vector<Kept> kept_entries(const TiffDirectory& directory, ByteOrder order, bool sideways) {
  std::vector<Kept> kept;
  for (std::size_t i = 0; i < directory.size(); ++i) {
    const TiffEntry entry = directory.entry(i);
    if (std::ranges::find(kLeftOut, entry.tag) != kLeftOut.end()) continue;
    const auto value = directory.value_of(entry);
    if (!value || value->empty() || value->size() > kMaxValueBytes) continue;
    Kept one{.tag = sideways ? turned_tag(entry.tag) : entry.tag,
             .type = entry.type,
             .count = static_cast<std::uint32_t>(entry.count),
             .value = Bytes(value->begin(), value->end())};
    if (entry.tag == tag::kOrientation && one.value.size() == 2) {
      one.value = number_bytes<std::uint16_t>(1, order);
    }
    kept.push_back(std::move(one));
  }
  return kept;
}

class Writer {
 public:
  explicit Writer(ByteOrder order) : order_(order) {
    append(order == ByteOrder::kBig ? as_bytes("MM") : as_bytes("II"));
    append(number_bytes<std::uint16_t>(42, order));
    append(number_bytes<std::uint32_t>(0, order));  // the main directory's place, told by finish()
  }

  // Where it was written to.
  std::uint32_t write(std::vector<Kept> entries) {
    std::ranges::stable_sort(entries, {}, &Kept::tag);
    if (bytes_.size() % 2 != 0) bytes_.push_back(std::byte{0});
    const auto at = static_cast<std::uint32_t>(bytes_.size());
    const std::size_t values_at = at + 2 + kEntryBytes * entries.size() + 4;
    Bytes values;
    append(number_bytes(static_cast<std::uint16_t>(entries.size()), order_));
    for (Kept& entry : entries) {
      append(number_bytes(entry.tag, order_));
      append(number_bytes(entry.type, order_));
      append(number_bytes(entry.count, order_));
      if (entry.value.size() <= 4) {
        entry.value.resize(4);
        append(entry.value);
        continue;
      }
      append(number_bytes(static_cast<std::uint32_t>(values_at + values.size()), order_));
      values.insert(values.end(), entry.value.begin(), entry.value.end());
      if (values.size() % 2 != 0) values.push_back(std::byte{0});
    }
    append(number_bytes<std::uint32_t>(0, order_));  // no directory follows
    append(values);
    return at;
  }

  Bytes finish(std::uint32_t main_at) {
    std::ranges::copy(number_bytes(main_at, order_), bytes_.begin() + 4);
    return std::move(bytes_);
  }

 private:
  void append(ByteView more) { bytes_.insert(bytes_.end(), more.begin(), more.end()); }

  ByteOrder order_;
  Bytes bytes_;
};

}  // namespace

Bytes upright_exif(ByteView exif, bool sideways) {
  const auto head = read_tiff_head(exif);
  if (!head || head->big) return {};
  const auto main = TiffDirectory::read(exif, *head, head->first_directory);
  if (!main) return {};
  Writer writer(head->order);
  std::vector<Kept> entries = kept_entries(*main, head->order, sideways);
  for (const std::uint16_t pointer : {tag::kExif, tag::kGps}) {
    const auto at = main->number(pointer);
    const auto directory = at ? TiffDirectory::read(exif, *head, *at) : std::nullopt;
    if (!directory) continue;
    const std::uint32_t written = writer.write(kept_entries(*directory, head->order, sideways));
    entries.push_back({pointer, kLong, 1, number_bytes(written, head->order)});
  }
  const std::uint32_t main_at = writer.write(std::move(entries));
  Bytes block = writer.finish(main_at);
  if (block.size() > kMaxBlockBytes) return {};
  return block;
}

}  // namespace farm::image
