#include "image/jpeg_segments.h"

#include <algorithm>

#include "image/byte_order.h"

namespace farm::image {
namespace {

constexpr std::size_t kMaxSegments = 20'000;

bool stands_alone(std::uint8_t marker) {
  constexpr std::uint8_t kTemporary = 0x01, kFirstRestart = 0xd0, kStartOfImage = 0xd8;
  return marker == kTemporary || (marker >= kFirstRestart && marker <= kStartOfImage);
}

}  // namespace

std::optional<std::uint8_t> JpegSegments::next_marker() {
  constexpr std::byte kPrefix{0xff};
  for (;;) {
    const auto prefix = std::ranges::find(rest_, kPrefix);
    const auto marker = std::find_if(prefix, rest_.end(), [](std::byte b) { return b != kPrefix; });
    if (marker == rest_.end()) return {};
    const auto code = std::to_integer<std::uint8_t>(*marker);
    rest_ = rest_.subspan(static_cast<std::size_t>(marker - rest_.begin()) + 1);
    if (code != 0) return code;
  }
}

std::optional<JpegSegment> JpegSegments::next() {
  constexpr std::uint8_t kEndOfImage = 0xd9;
  while (taken_++ < kMaxSegments) {
    const auto marker = next_marker();
    if (!marker || *marker == kEndOfImage) return {};
    if (stands_alone(*marker)) continue;
    const auto length = read_be<std::uint16_t>(rest_, 0);
    if (!length || *length < 2) return {};
    const auto payload = part_of(rest_, 2, *length - 2U);
    if (!payload) return {};
    rest_ = rest_.subspan(*length);
    return JpegSegment{*marker, *payload};
  }
  return {};
}

}  // namespace farm::image
