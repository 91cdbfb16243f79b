// Amounts with a unit, exactly: whole numbers only, no rounding, no silent overflow. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace farm::config {

// Why a text is no amount, as the end of a sentence about a key: "needs a unit, such as …".
struct NotAnAmount {
  std::string why;
};

// Both take up to 2^63-1 (bytes, milliseconds).
std::variant<std::int64_t, NotAnAmount> size_from_text(std::string_view text);
std::variant<std::int64_t, NotAnAmount> duration_from_text(std::string_view text);

// The shortest exact form: "64KiB", "1000B".
std::string size_to_text(std::int64_t bytes);
std::string duration_to_text(std::chrono::milliseconds duration);

}  // namespace farm::config
