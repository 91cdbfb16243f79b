#include "net/header_line.h"

#include <algorithm>
#include <charconv>

#include "net/syntax.h"

namespace farm::net {

std::string_view read_header_line(std::string_view line, HeaderView& field) {
  const std::size_t colon = kTokenCharacters.count_leading(line);
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    if (line[0] == ' ' || line[0] == '\t') return "a folded header line";
    if (line.find(':') == std::string_view::npos) return "a header line without a colon";
    return "a header's name that is no token";
  }
  field = {line.substr(0, colon), trim(line.substr(colon + 1))};
  return has_forbidden_in_value(field.value) ? "a control character in a header" : "";
}

std::string_view take_list_member(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  const std::string_view member = trim(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return member;
}

std::optional<std::uint64_t> parse_content_length(std::string_view text) {
  std::uint64_t length = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, length);
  if (error != std::errc{} || stop != end) return {};
  return length;
}

bool ConnectionOptions::add(std::string_view value) {
  bool are_tokens = true;
  while (!value.empty()) {
    const std::string_view option = take_list_member(value);
    are_tokens = are_tokens && (option.empty() || is_token(option));
    close = close || equals_ignoring_case(option, "close");
    keep_alive = keep_alive || equals_ignoring_case(option, "keep-alive");
  }
  return are_tokens;
}

}  // namespace farm::net
