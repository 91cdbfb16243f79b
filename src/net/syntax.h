// Characters of HTTP's grammar: RFC 9110 sections 5.5 and 5.6.2. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace farm::net {

// Asked by one look-up.
class CharacterSet {
 public:
  template <class Predicate>
  explicit constexpr CharacterSet(Predicate includes) {
    for (unsigned c = 0; c < has_.size(); ++c) has_[c] = includes(static_cast<char>(c));
  }
  constexpr bool has(char c) const { return has_[static_cast<unsigned char>(c)]; }
  bool has_all(std::string_view text) const { return count_leading(text) == text.size(); }
  // How many characters at the beginning are all of the set.
  std::size_t count_leading(std::string_view text) const {
    std::size_t count = 0;
    while (count < text.size() && has(text[count])) ++count;
    return count;
  }

 private:
  std::array<bool, 256> has_{};
};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_alpha(c); }

inline constexpr CharacterSet kTokenCharacters([](char c) {
  return is_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
});

inline bool is_token_character(char c) { return kTokenCharacters.has(c); }

inline bool is_token(std::string_view text) {
  return !text.empty() && kTokenCharacters.has_all(text);
}

// Control characters but the tab: what would end a line or a value early for some program.
constexpr bool is_forbidden_in_value(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
}

// Whether there is one of those in it. Eight at a time: a byte below n, as a whole word tells it,
// is in Sean Anderson's "Bit Twiddling Hacks" ("determine if a word has a byte less than n"); where
// it says so they are looked at one by one, as it may be a tab, or a neighbour of one.
inline bool has_forbidden_in_value(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x80 * kOnes;
  const auto below = [](std::uint64_t word, std::uint64_t n) {
    return ((word - kOnes * n) & ~word & kHighs) != 0;
  };
  for (; text.size() >= sizeof(std::uint64_t); text.remove_prefix(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    const bool suspicious = below(word, ' ') || below(word ^ (0x7f * kOnes), 1);
    if (suspicious && std::ranges::any_of(text.substr(0, sizeof word), is_forbidden_in_value)) {
      return true;
    }
  }
  return std::ranges::any_of(text, is_forbidden_in_value);
}

}  // namespace farm::net
