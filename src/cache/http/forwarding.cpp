#include "cache/http/forwarding.h"

#include <algorithm>
#include <array>
#include <span>

#include "cache/http/storing.h"
#include "net/http_date.h"

namespace farm::cache {
namespace {

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(
      names, [&](std::string_view known) { return net::equals_ignoring_case(known, name); });
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  constexpr std::string_view kEnds("\r\n\0", 3);
  if (name.empty() || name.find_first_of(kEnds) != std::string_view::npos) return;
  if (value.find_first_of(kEnds) != std::string_view::npos) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

// The field with one member more, all in one line: there are readers that see the first line only.
void append_list(std::string& out, Headers headers, std::string_view name,
                 std::string_view member) {
  std::string list;
  for (const net::HeaderView& header : headers) {
    if (!net::equals_ignoring_case(header.name, name) || header.value.empty()) continue;
    list.append(header.value).append(", ");
  }
  append_line(out, name, list.append(member));
}

std::string via_member(int minor_version, std::string_view via_name) {
  return (minor_version == 0 ? "1.0 " : "1.1 ") + std::string(via_name);
}

// A token of RFC 9110 section 5.6.2 as it is, anything else as a quoted-string.
std::string token_or_quoted(std::string_view text) {
  constexpr std::string_view kTokens =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (!text.empty() && text.find_first_not_of(kTokens) == std::string_view::npos) {
    return std::string(text);
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// RFC 7239 section 4; an IPv6 address has brackets and so quotes (section 6).
std::string forwarded_member(const ForwardingFacts& facts) {
  std::string node(facts.client);
  if (node.find(':') != std::string::npos) node = "[" + node + "]";
  if (node.empty()) node = "unknown";  // section 6.2
  std::string out = "for=" + token_or_quoted(node);
  if (!facts.host.empty()) out += ";host=" + token_or_quoted(facts.host);
  return out + ";proto=" + token_or_quoted(facts.proto);
}

bool is_condition_or_range(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kNames = {
      "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range"};
  return is_one_of(name, kNames);
}

// That the sender writes anew, or this file below.
bool is_written_anew(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {"Host",
                                                             "Content-Length",
                                                             "Expect",
                                                             "Via",
                                                             "X-Forwarded-For",
                                                             "X-Forwarded-Proto",
                                                             "X-Forwarded-Host",
                                                             "Forwarded"};
  return is_one_of(name, kNames);
}

// By which a server in front tells an application what was asked for "really": host, path, method.
// From a client, and with an answer that is kept for others, they would make one URL's answer that
// of another.
bool is_about_the_target(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "X-Original-URL", "X-Rewrite-URL",          "X-Original-Host",   "X-Host",
      "X-HTTP-Method",  "X-HTTP-Method-Override", "X-Method-Override", "Front-End-Https"};
  static constexpr std::string_view kForwarded = "X-Forwarded-";
  return net::equals_ignoring_case(name.substr(0, kForwarded.size()), kForwarded) ||
         is_one_of(name, kNames);
}

// Meant for the next server alone, as the fields of RFC 9110 section 7.6.1 are.
bool is_for_this_server(std::string_view name) {
  return net::equals_ignoring_case(name, "Proxy-Authorization") ||
         net::equals_ignoring_case(name, "HTTP2-Settings");
}

}  // namespace

void append_forwarded_headers(std::string& out, Headers request, const ForwardingFacts& facts) {
  for (const net::HeaderView& header : request) {
    if (is_written_anew(header.name) || is_for_this_server(header.name)) continue;
    if (!is_stored_field(header.name, request)) continue;
    const bool not_for_others =
        is_condition_or_range(header.name) || is_about_the_target(header.name);
    if (facts.for_fill && not_for_others) continue;
    append_line(out, header.name, header.value);
  }
  if (!facts.if_none_match.empty()) append_line(out, "If-None-Match", facts.if_none_match);
  if (!facts.if_modified_since.empty()) {
    append_line(out, "If-Modified-Since", facts.if_modified_since);
  }
  append_list(out, request, "Via", via_member(facts.minor_version, facts.via_name));
  append_list(out, request, "X-Forwarded-For", facts.client.empty() ? "unknown" : facts.client);
  append_line(out, "X-Forwarded-Proto", facts.proto);
  if (!facts.host.empty()) append_line(out, "X-Forwarded-Host", facts.host);
  append_list(out, request, "Forwarded", forwarded_member(facts));
}

bool is_loop(Headers request, std::string_view via_name) {
  bool found = false;
  // received-protocol RWS received-by [ RWS comment ]
  for_each_member(request, "Via", [&](std::string_view member) {
    const std::size_t space = std::min(member.find_first_of(" \t"), member.size());
    const std::string_view rest = net::trim(member.substr(space));
    const std::string_view by = rest.substr(0, rest.find_first_of(" \t("));
    if (!by.empty() && net::equals_ignoring_case(by, via_name)) found = true;
  });
  return found;
}

bool is_for_origin_alone(Headers request) {
  return find_header(request, "If-Match") || find_header(request, "If-Unmodified-Since");
}

void append_interim_headers(std::string& out, Headers interim) {
  for (const net::HeaderView& header : interim) {
    const bool frames = net::equals_ignoring_case(header.name, "Content-Length");
    if (!frames && is_stored_field(header.name, interim)) {
      append_line(out, header.name, header.value);
    }
  }
}

void append_stored_headers(std::string& out, Headers response, const ResponseFacts& facts) {
  static constexpr std::array<std::string_view, 3> kWrittenAnew = {"Content-Length", "Age", "Via"};
  for (const net::HeaderView& header : response) {
    if (is_one_of(header.name, kWrittenAnew) || !is_stored_field(header.name, response)) continue;
    append_line(out, header.name, header.value);
  }
  if (!find_header(response, "Date")) {
    append_line(out, "Date", net::HttpDate(facts.received_ms).text());
  }
  append_list(out, response, "Via", via_member(facts.minor_version, facts.via_name));
}

}  // namespace farm::cache
