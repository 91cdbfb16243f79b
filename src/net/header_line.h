// Lines of a head, of requests and answers alike (RFC 9112 section 5). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "net/request_head.h"

namespace farm::net {

// Takes a line apart, which comes without its CRLF and is not empty; `field` refers to it. Returns
// what is wrong with it, nothing if it is good.
std::string_view read_header_line(std::string_view line, HeaderView& field);

// Takes the next member off a list by commas, trimmed; it may be empty.
std::string_view take_list_member(std::string_view& list);

// Digits and nothing else.
std::optional<std::uint64_t> parse_content_length(std::string_view text);

// What Connection fields ask for (RFC 9110 section 7.6.1).
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;

  // Takes in one field's value; false if it is no list of tokens.
  bool add(std::string_view value);
  // RFC 9112 section 9.3.
  bool persistent(int minor_version) const { return !close && (minor_version == 1 || keep_alive); }
};

}  // namespace farm::net
