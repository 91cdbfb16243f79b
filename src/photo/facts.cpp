#include "photo/facts.h"

#include <algorithm>

#include "base/utf8.h"

namespace farm::photo {
namespace {

constexpr std::size_t kMaxThumbHashText = 44;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// `pattern` has a 0 for each digit and itself for everything else.
bool matches(std::string_view text, std::string_view pattern) {
  return std::ranges::equal(text, pattern,
                            [](char c, char p) { return p == '0' ? is_digit(c) : c == p; });
}

int two_digits(std::string_view text, std::size_t at) {
  return 10 * (text[at] - '0') + (text[at + 1] - '0');
}

bool is_offset(std::string_view text) {
  if (text.empty() || text == "Z") return true;
  if (!matches(text, "+00:00") && !matches(text, "-00:00")) return false;
  return two_digits(text, 1) <= 23 && two_digits(text, 4) <= 59;
}

bool is_taken_at(std::string_view text) {
  constexpr std::string_view kPattern = "0000-00-00T00:00:00";
  if (!matches(text.substr(0, kPattern.size()), kPattern)) return false;
  const int month = two_digits(text, 5);
  const int day = two_digits(text, 8);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && two_digits(text, 11) <= 23 &&
         two_digits(text, 14) <= 59 && two_digits(text, 17) <= 60 &&
         is_offset(text.substr(kPattern.size()));
}

bool is_camera(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return text.size() <= kMaxCameraBytes && is_utf8(text) && std::ranges::none_of(text, control);
}

bool is_colour(std::string_view text) {
  const auto hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  return text.size() == 7 && text[0] == '#' && std::ranges::all_of(text.substr(1), hex);
}

bool is_base64(std::string_view text) {
  const auto letter = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
  };
  const std::string_view body = text.substr(0, text.find('='));
  const std::size_t padding = text.size() - body.size();
  return text.size() <= kMaxThumbHashText && text.size() % 4 == 0 && padding <= 2 &&
         std::ranges::all_of(body, letter) &&
         std::ranges::all_of(text.substr(body.size()), [](char c) { return c == '='; });
}

std::string if_true(bool good, std::string_view text) {
  return good ? std::string(text) : std::string();
}

}  // namespace

Facts checked_facts(const FactTexts& texts) {
  return {.taken_at = if_true(is_taken_at(texts.taken_at), texts.taken_at),
          .camera = if_true(is_camera(texts.camera), texts.camera),
          .dominant_color = if_true(is_colour(texts.dominant_color), texts.dominant_color),
          .thumb_hash = if_true(is_base64(texts.thumb_hash), texts.thumb_hash)};
}

}  // namespace farm::photo
