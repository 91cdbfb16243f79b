// HTTP dates (RFC 9110 section 5.6.7). Thread-safe.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace farm::net {

// "Sun, 06 Nov 1994 08:49:37 GMT": 29 characters, for years 0 to 9999. Allocates nothing.
class HttpDate {
 public:
  explicit HttpDate(Millis wall_ms);
  std::string_view text() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 29> text_;
};
inline std::string format_http_date(Millis wall_ms) {
  return std::string(HttpDate(wall_ms).text());
}

// All three forms of RFC 9110: IMF-fixdate, RFC 850 and asctime. Nothing for anything else.
std::optional<Millis> parse_http_date(std::string_view text);

}  // namespace farm::net
