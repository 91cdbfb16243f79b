// Characters of HTTP's grammar: RFC 9110 sections 5.5 and 5.6.2. Pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace farm::net {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

inline bool is_token_character(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kOthers.find(c) != std::string_view::npos;
}

inline bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}

// Control characters but the tab: what would end a line or a value early for some program.
inline bool is_forbidden_in_value(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
}

}  // namespace farm::net
