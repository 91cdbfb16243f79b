// Runs of bytes, and little-endian numbers in them. Every on-disk format of photofarm is
// little-endian. Views never own what they show.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace farm {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;
using MutableByteView = std::span<std::byte>;

static_assert(std::endian::native == std::endian::little,
              "photofarm's formats are little-endian and read in place");

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

// The number at `offset`; the caller has checked that it lies inside.
template <std::integral T>
T load_le(ByteView bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <std::integral T>
void store_le(MutableByteView bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);

// Base64 (RFC 4648, section 4), with padding.
std::string to_base64(ByteView bytes);

// Only lower-case digits and exactly out.size() * 2 of them are taken; else false and `out` is
// unspecified.
bool from_hex(std::string_view hex, MutableByteView out);

}  // namespace farm
