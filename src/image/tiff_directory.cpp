#include "image/tiff_directory.h"

#include <algorithm>

namespace farm::image {
namespace {

constexpr std::uint64_t kMaxEntries = 4096;
constexpr std::uint16_t kByte = 1, kAscii = 2, kShort = 3, kLong = 4, kDirectory = 13, kLong8 = 16;

// 0 for a type nobody knows.
std::uint64_t type_bytes(std::uint16_t type) {
  constexpr std::uint8_t kBytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
  return type < std::size(kBytes) ? kBytes[type] : 0;
}

std::uint64_t offset_bytes(const TiffHead& head) { return head.big ? 8 : 4; }
std::uint64_t entry_bytes(const TiffHead& head) { return head.big ? 20 : 12; }

std::optional<std::uint64_t> read_offset(ByteView bytes, std::uint64_t at, const TiffHead& head) {
  if (head.big) return read_number<std::uint64_t>(bytes, at, head.order);
  return read_number<std::uint32_t>(bytes, at, head.order);
}

}  // namespace

std::optional<TiffHead> read_tiff_head(ByteView bytes) {
  TiffHead head{};
  if (has_text_at(bytes, 0, "MM")) {
    head.order = ByteOrder::kBig;
  } else if (!has_text_at(bytes, 0, "II")) {
    return {};
  }
  constexpr std::uint16_t kClassic = 42, kBig = 43;
  const auto kind = read_number<std::uint16_t>(bytes, 2, head.order);
  if (kind != kClassic && kind != kBig) return {};
  head.big = kind == kBig;
  const auto first = read_offset(bytes, head.big ? 8 : 4, head);
  if (!first) return {};
  head.first_directory = *first;
  return head;
}

std::optional<TiffDirectory> TiffDirectory::read(ByteView bytes, const TiffHead& head,
                                                 std::uint64_t at) {
  const std::uint64_t count_bytes = head.big ? 8 : 2;
  std::optional<std::uint64_t> count;
  if (head.big) {
    count = read_number<std::uint64_t>(bytes, at, head.order);
  } else {
    count = read_number<std::uint16_t>(bytes, at, head.order);
  }
  if (!count || *count > kMaxEntries) return {};
  const std::uint64_t first = at + count_bytes;
  if (!part_of(bytes, first, *count * entry_bytes(head))) return {};
  TiffDirectory directory(bytes, head);
  directory.first_entry_at_ = first;
  directory.entries_ = *count;
  return directory;
}

TiffEntry TiffDirectory::entry(std::size_t index) const {
  TiffEntry entry;
  const std::uint64_t at = first_entry_at_ + index * entry_bytes(head_);
  entry.tag = *read_number<std::uint16_t>(bytes_, at, head_.order);
  entry.type = *read_number<std::uint16_t>(bytes_, at + 2, head_.order);
  entry.count = *read_offset(bytes_, at + 4, head_);
  entry.value_at = at + 4 + offset_bytes(head_);
  const std::uint64_t one = std::max<std::uint64_t>(type_bytes(entry.type), 1);
  if (entry.count > offset_bytes(head_) / one) {
    entry.value_at = *read_offset(bytes_, entry.value_at, head_);
  }
  return entry;
}

std::optional<TiffEntry> TiffDirectory::find(std::uint16_t tag) const {
  for (std::size_t i = 0; i < entries_; ++i) {
    const TiffEntry one = entry(i);
    if (one.tag == tag) return one;
  }
  return {};
}

std::optional<ByteView> TiffDirectory::value_of(const TiffEntry& entry) const {
  const std::uint64_t one = type_bytes(entry.type);
  if (one == 0 || entry.count > bytes_.size() / one) return {};
  return part_of(bytes_, entry.value_at, entry.count * one);
}

std::optional<std::uint64_t> TiffDirectory::number(std::uint16_t tag, std::uint64_t index) const {
  const auto found = find(tag);
  if (!found || index >= found->count || index > kMaxEntries) return {};
  const std::uint64_t at = found->value_at + index * type_bytes(found->type);
  switch (found->type) {
    case kByte:
      return read_number<std::uint8_t>(bytes_, at, head_.order);
    case kShort:
      return read_number<std::uint16_t>(bytes_, at, head_.order);
    case kLong:
    case kDirectory:
      return read_number<std::uint32_t>(bytes_, at, head_.order);
    case kLong8:
      return read_number<std::uint64_t>(bytes_, at, head_.order);
    default:
      return {};
  }
}

std::optional<std::string_view> TiffDirectory::text(std::uint16_t tag) const {
  const auto found = find(tag);
  if (!found || found->type != kAscii) return {};
  const auto bytes = value_of(*found);
  if (!bytes) return {};
  const std::string_view text = as_text(*bytes);
  return text.substr(0, text.find('\0'));
}

}  // namespace farm::image
