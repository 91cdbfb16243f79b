// The secret of a photo's version: 80 random bits, 20 lower-case hex digits in a URL. Who knows it
// may see the photo, so compare it with matches() only, which takes the same time wherever two
// secrets differ. Value type.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace farm::photo {

struct Secret {
  static constexpr std::size_t kBytes = 10;
  std::array<std::byte, kBytes> bytes{};

  static Secret random();  // from the operating system's CSPRNG
  // Exactly 20 lower-case hex digits.
  static std::optional<Secret> parse(std::string_view hex);

  bool matches(const Secret& other) const;  // constant time
  std::string str() const { return to_hex(bytes); }
};

}  // namespace farm::photo
