#include "image/iso_boxes.h"

#include <algorithm>

#include "image/byte_order.h"

namespace farm::image {
namespace {

constexpr std::size_t kMaxBoxes = 100'000;
constexpr std::size_t kMaxProperties = 4096;
constexpr std::uint64_t kMaxItems = 100'000;

// A full box begins with a version and three bytes of flags.
struct FullBox {
  std::uint8_t version = 0;
  std::uint32_t flags = 0;
  ByteView payload;
};

std::optional<FullBox> full_box(std::optional<ByteView> payload) {
  if (!payload) return {};
  const auto head = read_be<std::uint32_t>(*payload, 0);
  if (!head) return {};
  return FullBox{static_cast<std::uint8_t>(*head >> 24), *head & 0xffffff, payload->subspan(4)};
}

// Goes through numbers whose width the file chooses; after the first one missing, all are.
class Numbers {
 public:
  explicit Numbers(ByteView bytes) : bytes_(bytes) {}

  std::uint64_t next(unsigned width) {
    const auto part = part_of(bytes_, at_, width);
    if (!part) failed_ = true;
    if (failed_) return 0;
    at_ += width;
    std::uint64_t value = 0;
    for (const std::byte b : *part) value = value << 8 | std::to_integer<std::uint64_t>(b);
    return value;
  }
  bool failed() const { return failed_; }

 private:
  ByteView bytes_;
  std::uint64_t at_ = 0;
  bool failed_ = false;
};

struct Extent {
  std::uint64_t item = 0, method = 0, offset = 0, length = 0;
  std::uint64_t count = 0;  // of the item's extents; the first one is here
};

// One entry of iloc (23008-12 leaves it to 14496-12, 8.11.3). Widths come from the box's head.
struct LocationWidths {
  unsigned offset, length, base, index, id;
  bool has_method;
};

Extent read_location(Numbers& numbers, const LocationWidths& widths) {
  Extent extent;
  extent.item = numbers.next(widths.id);
  if (widths.has_method) extent.method = numbers.next(2) & 15;
  numbers.next(2);  // which file: this one, or the item is not found
  const std::uint64_t base = numbers.next(widths.base);
  extent.count = numbers.next(2);
  if (widths.index + widths.offset + widths.length == 0) return extent;
  for (std::uint64_t i = 0; i < extent.count && !numbers.failed(); ++i) {
    numbers.next(widths.index);
    const std::uint64_t offset = numbers.next(widths.offset);
    const std::uint64_t length = numbers.next(widths.length);
    if (i != 0) continue;
    extent.offset = base + offset;
    extent.length = length;
  }
  return extent;
}

}  // namespace

std::optional<Box> Boxes::next() {
  const auto short_length = read_be<std::uint32_t>(rest_, 0);
  if (rest_.size() < 8 || !short_length || ++taken_ > kMaxBoxes) return {};
  std::uint64_t head = 8, length = *short_length;
  if (length == 1) {
    head = 16;
    length = read_be<std::uint64_t>(rest_, 8).value_or(0);
  } else if (length == 0) {
    length = rest_.size();  // to the end
  }
  if (length < head || length > rest_.size()) return {};
  const Box box{as_text(rest_.subspan(4, 4)), rest_.subspan(head, length - head)};
  rest_ = rest_.subspan(length);
  return box;
}

std::optional<ByteView> find_box(ByteView boxes, std::string_view type) {
  Boxes all(boxes);
  while (const auto box = all.next()) {
    if (box->type == type) return box->payload;
  }
  return {};
}

std::optional<MetaBox> MetaBox::find(ByteView file) {
  const auto meta = full_box(find_box(file, "meta"));
  if (!meta) return {};
  return MetaBox(meta->payload);
}

std::optional<std::uint32_t> MetaBox::primary_item() const {
  const auto box = full_box(find_box(children_, "pitm"));
  if (!box) return {};
  if (box->version == 0) return read_be<std::uint16_t>(box->payload, 0);
  return read_be<std::uint32_t>(box->payload, 0);
}

std::optional<std::uint32_t> MetaBox::item_of_type(std::string_view type) const {
  const auto infos = full_box(find_box(children_, "iinf"));
  if (!infos) return {};
  const std::size_t count_bytes = infos->version == 0 ? 2 : 4;
  if (infos->payload.size() < count_bytes) return {};
  Boxes entries(infos->payload.subspan(count_bytes));
  while (const auto entry = entries.next()) {
    const auto info = entry->type == "infe" ? full_box(entry->payload) : std::nullopt;
    if (!info || info->version < 2) continue;
    const unsigned id_bytes = info->version == 2 ? 2 : 4;
    if (!has_text_at(info->payload, id_bytes + 2U, type)) continue;
    Numbers numbers(info->payload);
    return static_cast<std::uint32_t>(numbers.next(id_bytes));
  }
  return {};
}

std::vector<Box> MetaBox::all_properties() const {
  std::vector<Box> properties;
  const auto container = find_box(find_box(children_, "iprp").value_or(ByteView{}), "ipco");
  if (!container) return properties;
  Boxes boxes(*container);
  while (const auto box = boxes.next()) {
    if (properties.size() == kMaxProperties) break;
    properties.push_back(*box);
  }
  return properties;
}

std::vector<Box> MetaBox::properties_of(std::uint32_t wanted) const {
  const std::vector<Box> all = all_properties();
  const auto box = full_box(find_box(find_box(children_, "iprp").value_or(ByteView{}), "ipma"));
  std::vector<Box> found;
  if (!box) return found;
  const bool wide = (box->flags & 1) != 0;
  Numbers numbers(box->payload);
  const std::uint64_t entries = std::min(numbers.next(4), kMaxItems);
  for (std::uint64_t i = 0; i < entries && !numbers.failed(); ++i) {
    const std::uint64_t item = numbers.next(box->version == 0 ? 2 : 4);
    const std::uint64_t count = numbers.next(1);
    for (std::uint64_t j = 0; j < count && !numbers.failed(); ++j) {
      // The highest bit says that a reader must understand it.
      const std::uint64_t index = numbers.next(wide ? 2 : 1) & (wide ? 0x7fff : 0x7f);
      if (item == wanted && index >= 1 && index <= all.size()) found.push_back(all[index - 1]);
    }
    if (item == wanted) break;
  }
  return found;
}

std::optional<ByteView> MetaBox::data_of(std::uint32_t item, ByteView file) const {
  const auto box = full_box(find_box(children_, "iloc"));
  if (!box || box->version > 2) return {};
  Numbers numbers(box->payload);
  const auto sizes = static_cast<unsigned>(numbers.next(2));
  const bool later = box->version >= 1;
  const LocationWidths widths{.offset = sizes >> 12,
                              .length = sizes >> 8 & 15,
                              .base = sizes >> 4 & 15,
                              .index = later ? sizes & 15 : 0,
                              .id = box->version < 2 ? 2U : 4U,
                              .has_method = later};
  const std::uint64_t items = std::min(numbers.next(box->version < 2 ? 2 : 4), kMaxItems);
  for (std::uint64_t i = 0; i < items && !numbers.failed(); ++i) {
    const Extent extent = read_location(numbers, widths);
    if (extent.item != item) continue;
    if (extent.count != 1 || numbers.failed()) return {};
    if (extent.method == 0) return part_of(file, extent.offset, extent.length);
    const auto inside = extent.method == 1 ? find_box(children_, "idat") : std::nullopt;
    return inside ? part_of(*inside, extent.offset, extent.length) : std::nullopt;
  }
  return {};
}

}  // namespace farm::image
