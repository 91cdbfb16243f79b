#include "net/upstream_request.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/syntax.h"

namespace farm::net {
namespace {

// Also '#': what follows it is never sent, so that servers differ in what they make of it.
bool breaks_target(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '#'; }

// What is wrong with a line of `head_lines`, without its CRLF; empty if nothing.
std::string_view fault_of(std::string_view line, int& hosts) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return "a line that is no header";
  }
  const std::string_view name = line.substr(0, colon);
  if (has_forbidden_in_value(line.substr(colon))) {
    return "a control character in a header";
  }
  if (equals_ignoring_case(name, "Content-Length") ||
      equals_ignoring_case(name, "Transfer-Encoding")) {
    return "a framing header beside what the request says of its body";
  }
  if (equals_ignoring_case(name, "Host")) ++hosts;
  return {};
}

std::string_view fault_of(const UpstreamRequest& request) {
  if (!is_token(request.method) || request.method == "CONNECT") return "a method that is none";
  if (request.target.empty() || std::ranges::any_of(request.target, breaks_target)) {
    return "a target with characters that cannot be sent";
  }
  if (request.chunked && request.content_length) return "two framings of one body";
  int hosts = 0;
  for (std::string_view rest = request.head_lines; !rest.empty();) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return "a line of the head without its end";
    const std::string_view fault = fault_of(rest.substr(0, end), hosts);
    if (!fault.empty()) return fault;
    rest.remove_prefix(end + 2);
  }
  return hosts == 1 ? std::string_view() : "not exactly one Host";
}

}  // namespace

Result<std::string> upstream_request_text(const UpstreamRequest& request) {
  if (const std::string_view fault = fault_of(request); !fault.empty()) {
    return fail(ErrorCode::kInvalidArgument, "net",
                "a request that cannot be sent: " + std::string(fault));
  }
  constexpr std::size_t kFramingBytes = 64;
  std::string text;
  text.reserve(request.method.size() + request.target.size() + request.head_lines.size() +
               kFramingBytes);
  text.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  text.append(request.head_lines);
  if (request.chunked) text.append("Transfer-Encoding: chunked\r\n");
  if (request.content_length) {
    text.append("Content-Length: ").append(std::to_string(*request.content_length)).append("\r\n");
  }
  text.append("\r\n");
  return text;
}

bool may_be_repeated(std::string_view method) {
  constexpr std::array<std::string_view, 7> kIdempotent{"GET",     "HEAD",  "PUT",  "DELETE",
                                                        "OPTIONS", "TRACE", "PURGE"};
  return std::ranges::find(kIdempotent, method) != kIdempotent.end();
}

}  // namespace farm::net
