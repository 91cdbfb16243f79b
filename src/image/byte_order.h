// Numbers in bytes that nobody trusts: a read past the end is an answer, not an accident.
// Internal to the room. Pure.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace farm::image {

enum class ByteOrder : bool { kLittle, kBig };

template <std::unsigned_integral T>
std::optional<T> read_number(ByteView bytes, std::uint64_t at, ByteOrder order) {
  if (at > bytes.size() || bytes.size() - at < sizeof(T)) return {};
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    const std::size_t place = order == ByteOrder::kBig ? i : sizeof(T) - 1 - i;
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + place]);
  }
  return static_cast<T>(value);
}

template <std::unsigned_integral T>
std::optional<T> read_be(ByteView bytes, std::uint64_t at) {
  return read_number<T>(bytes, at, ByteOrder::kBig);
}

template <std::unsigned_integral T>
std::optional<T> read_le(ByteView bytes, std::uint64_t at) {
  return read_number<T>(bytes, at, ByteOrder::kLittle);
}

// `count` bytes from `at` on; nothing if they are not all there.
inline std::optional<ByteView> part_of(ByteView bytes, std::uint64_t at, std::uint64_t count) {
  if (at > bytes.size() || bytes.size() - at < count) return {};
  return bytes.subspan(at, count);
}

inline bool has_text_at(ByteView bytes, std::uint64_t at, std::string_view text) {
  const auto part = part_of(bytes, at, text.size());
  return part && as_text(*part) == text;
}

}  // namespace farm::image
