#include "config/words.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace farm::config {
namespace {

constexpr std::size_t kShownBytes = 60;
constexpr std::size_t kLongestCompared = 48;

bool is_bare(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

// Up to kShownBytes, never within a UTF-8 sequence.
std::string_view head_of(std::string_view text) {
  if (text.size() <= kShownBytes) return text;
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

// Spelling that people mix up should not count as distance.
std::string folded(std::string_view key) {
  std::string out(key);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return out;
}

// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours.
// Both are at most kLongestCompared long.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kLongestCompared + 1>;
  Row two_before{};
  Row before{};
  Row now{};
  for (std::size_t j = 0; j <= b.size(); ++j) before[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({before[j] + 1, now[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], two_before[j - 2] + 1);
      }
    }
    two_before = before;
    before = now;
  }
  return before[b.size()];
}

}  // namespace

std::string printable(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out.append("\\x");
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  const std::string_view head = head_of(text);
  return "\"" + printable(head) + (head.size() < text.size() ? "…\"" : "\"");
}

std::string key_text(std::string_view key) {
  const bool bare = !key.empty() && key.size() <= kShownBytes && std::ranges::all_of(key, is_bare);
  return bare ? std::string(key) : in_quotes(key);
}

std::string_view nearest(std::string_view key, std::span<const std::string_view> known) {
  if (key.size() > kLongestCompared) return {};
  const std::string wanted = folded(key);
  std::string_view best;
  std::size_t best_distance = wanted.size() / 3 + 2;  // one more than is still near
  for (const std::string_view candidate : known) {
    if (candidate.size() > kLongestCompared) continue;
    const std::size_t distance = edit_distance(wanted, folded(candidate));
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace farm::config
