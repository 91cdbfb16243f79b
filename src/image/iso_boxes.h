// The boxes of an ISO base media file (ISO/IEC 14496-12) and the items of its meta box (ISO/IEC
// 23008-12), as HEIC and AVIF have them. Internal to the room. Pure; the bytes must outlive it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "photo/size_code.h"

namespace farm::image {

struct Box {
  std::string_view type;  // four characters
  ByteView payload;
};

class Boxes {
 public:
  explicit Boxes(ByteView boxes) : rest_(boxes) {}
  // The next one that lies inside; nothing at the end, where it is damaged, or after more than any
  // file has.
  std::optional<Box> next();

 private:
  ByteView rest_;
  std::size_t taken_ = 0;
};

std::optional<ByteView> find_box(ByteView boxes, std::string_view type);

// What the meta box says of the items. Read once, by bounded walks.
class MetaBox {
 public:
  // Nothing if the file has none.
  static std::optional<MetaBox> find(ByteView file);

  std::optional<std::uint32_t> primary_item() const;
  // The first item of a type: "Exif".
  std::optional<std::uint32_t> item_of_type(std::string_view type) const;
  // The properties of an item in their order, each a box of the property container.
  std::vector<Box> properties_of(std::uint32_t item) const;
  std::vector<Box> all_properties() const;
  // The item's bytes where they lie in one piece in `file`.
  std::optional<ByteView> data_of(std::uint32_t item, ByteView file) const;

 private:
  explicit MetaBox(ByteView children) : children_(children) {}
  ByteView children_;
};

}  // namespace farm::image
