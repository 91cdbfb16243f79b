#include "net/query.h"

#include <algorithm>
#include <cctype>

#include "base/bytes.h"

namespace farm::net {
namespace {

constexpr std::size_t kMaxNames = 32;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (text.size() - i < 3) return {};
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return {};
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

}  // namespace

Result<Query> Query::parse(std::string_view text) {
  Query query;
  const auto invalid = [](std::string what) {
    return fail(ErrorCode::kInvalidArgument, "net", "in the query: " + std::move(what));
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = decode(pair.substr(0, equals));
    auto value = decode(equals < pair.size() ? pair.substr(equals + 1) : std::string_view{});
    if (!name || !value) return invalid("a broken percent escape");
    if (query.find(*name)) return invalid("\"" + *name + "\" comes twice");
    if (query.values_.size() == kMaxNames) return invalid("too many names");
    query.values_.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

std::optional<std::string_view> Query::find(std::string_view name) const {
  const auto found = std::ranges::find(values_, name, &std::pair<std::string, std::string>::first);
  if (found == values_.end()) return {};
  return found->second;
}

std::optional<std::string_view> Query::unknown(
    std::initializer_list<std::string_view> known) const {
  for (const auto& [name, value] : values_) {
    if (std::ranges::find(known, name) == known.end()) return name;
  }
  return {};
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool unreserved = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += '%';
      const char upper = "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
      const char lower = "0123456789ABCDEF"[static_cast<unsigned char>(c) & 15];
      out += upper;
      out += lower;
    }
  }
  return out;
}

}  // namespace farm::net
