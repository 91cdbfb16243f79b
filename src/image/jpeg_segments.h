// The marker segments of a JPEG in front of its first scan's data (ITU-T T.81, annex B). Internal
// to the room. Pure; the bytes must outlive it.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace farm::image {

inline constexpr std::uint8_t kStartOfScan = 0xda;

struct JpegSegment {
  std::uint8_t marker = 0;  // 0xe1: APP1
  ByteView payload;         // without the two bytes of length
};

class JpegSegments {
 public:
  explicit JpegSegments(ByteView jpeg) : rest_(jpeg) {}

  // The next one that has a length; nothing at the end, where it is damaged, or after more
  // segments than any picture has. Garbage between segments is passed over, as decoders do.
  std::optional<JpegSegment> next();

 private:
  std::optional<std::uint8_t> next_marker();

  ByteView rest_;
  std::size_t taken_ = 0;
};

}  // namespace farm::image
