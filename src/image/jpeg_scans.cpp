#include "image/jpeg_scans.h"

#include <cstring>

namespace farm::image {
namespace {

constexpr std::uint8_t kRestartFirst = 0xd0;
constexpr std::uint8_t kStart = 0xd8;
constexpr std::uint8_t kEnd = 0xd9;
constexpr std::uint8_t kStartOfScan = 0xda;

std::uint8_t byte_at(ByteView bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}

// 0xff in coded data is followed by 0; restarts, starts and fill bytes have no length either.
bool stands_alone(std::uint8_t marker) {
  return marker <= 0x01 || marker == 0xff || (marker >= kRestartFirst && marker <= kStart);
}

}  // namespace

std::uint32_t count_scans(ByteView jpeg, std::uint32_t most) {
  std::uint32_t scans = 0;
  std::size_t at = 0;
  while (at + 1 < jpeg.size()) {
    const void* found = std::memchr(jpeg.data() + at, 0xff, jpeg.size() - 1 - at);
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const std::byte*>(found) - jpeg.data()) + 1;
    const std::uint8_t marker = byte_at(jpeg, at);
    if (marker == 0xff) continue;  // a fill byte: the marker is still to come
    ++at;
    if (stands_alone(marker)) continue;
    if (marker == kEnd) break;
    if (marker == kStartOfScan && ++scans > most) break;
    if (at + 2 > jpeg.size()) break;
    at += std::size_t{256} * byte_at(jpeg, at) + byte_at(jpeg, at + 1);
  }
  return scans;
}

}  // namespace farm::image
