// One image file directory of TIFF 6.0 (section 2) or BigTIFF: tagged values. EXIF is written in
// it as well. Internal to the room. Pure; the bytes must outlive it.
#pragma once

#include <optional>
#include <string_view>

#include "image/byte_order.h"

namespace farm::image {

// How a file or block of EXIF begins.
struct TiffHead {
  ByteOrder order = ByteOrder::kLittle;
  bool big = false;               // BigTIFF: eight bytes where TIFF has four
  std::uint64_t first_directory;  // its offset
};
std::optional<TiffHead> read_tiff_head(ByteView bytes);

struct TiffEntry {
  std::uint16_t tag = 0;
  std::uint16_t type = 0;
  std::uint64_t count = 0;
  std::uint64_t value_at = 0;  // of its values: in the entry, or where it points
};

class TiffDirectory {
 public:
  // Nothing if it does not lie inside the bytes, or has more entries than any has.
  static std::optional<TiffDirectory> read(ByteView bytes, const TiffHead& head, std::uint64_t at);

  std::size_t size() const { return entries_; }
  TiffEntry entry(std::size_t index) const;
  std::optional<TiffEntry> find(std::uint16_t tag) const;
  // Its values' bytes; nothing where they are not all inside, or of a type nobody knows.
  std::optional<ByteView> value_of(const TiffEntry& entry) const;
  // The first whole number under this tag, or the `index`-th.
  std::optional<std::uint64_t> number(std::uint16_t tag, std::uint64_t index = 0) const;
  // An ASCII value, up to its first NUL.
  std::optional<std::string_view> text(std::uint16_t tag) const;

 private:
  TiffDirectory(ByteView bytes, const TiffHead& head) : bytes_(bytes), head_(head) {}

  ByteView bytes_;
  TiffHead head_;
  std::uint64_t first_entry_at_ = 0;
  std::size_t entries_ = 0;
};

}  // namespace farm::image
