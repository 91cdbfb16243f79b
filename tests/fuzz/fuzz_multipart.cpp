// What clients write in forms: the first line is a Content-Type and a query string at once, the
// rest a multipart body. A part that is found must lie in the body, between its head and the next
// boundary; encoding and decoding of queries are inverse.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/multipart.h"
#include "net/query.h"

namespace {

using farm::ByteView;

void must(bool holds) {
  if (!holds) std::abort();
}

void check_query(std::string_view text) {
  const auto query = farm::net::Query::parse(text);
  if (query) {
    const auto unknown = query.value().unknown({"owner", "title"});
    if (unknown) must(query.value().find(*unknown).has_value());
  } else {
    must(query.error().code == farm::ErrorCode::kInvalidArgument);
  }
  const auto again = farm::net::Query::parse("n=" + farm::net::percent_encode(text));
  must(again.has_value() && again.value().find("n") == text);
}

void check_part(ByteView body, const std::string& boundary, std::string_view name) {
  const auto part = farm::net::find_part(body, boundary, name);
  if (!part) {
    must(part.error().code == farm::ErrorCode::kInvalidArgument ||
         part.error().code == farm::ErrorCode::kNotFound);
    return;
  }
  if (part.value().empty()) return;
  const std::string delimiter = "\r\n--" + boundary;
  const std::string_view text = farm::as_text(body);
  const std::string_view content = farm::as_text(part.value());
  must(content.data() >= text.data() &&
       content.data() + content.size() <= text.data() + text.size());
  const auto start = static_cast<std::size_t>(content.data() - text.data());
  must(start >= 4 && text.substr(start - 4, 4) == "\r\n\r\n");
  must(text.substr(start + content.size()).starts_with(delimiter));
  must(content.find(delimiter) == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, line_end);
  const ByteView body = farm::as_bytes(text.substr(std::min(line_end + 1, text.size())));
  check_query(line);
  const auto boundary = farm::net::multipart_boundary(line);
  if (boundary) must(!boundary->empty() && boundary->size() <= 70);
  for (const std::string_view name : {"photo", ""}) check_part(body, boundary.value_or("B"), name);
  return 0;
}
