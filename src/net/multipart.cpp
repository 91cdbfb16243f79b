#include "net/multipart.h"

#include <algorithm>

#include "net/request_head.h"

namespace farm::net {
namespace {

constexpr std::size_t kMaxParts = 64;
constexpr std::size_t kMaxPartHeadBytes = 8 << 10;
constexpr std::size_t kMaxBoundary = 70;

// The value of a parameter such as name="photo" (quoted or a token); `text` follows the first ';'.
std::optional<std::string> parameter(std::string_view text, std::string_view wanted) {
  while (!text.empty()) {
    text = trim(text);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return {};
    const std::string_view name = trim(text.substr(0, equals));
    text = trim(text.substr(equals + 1));
    std::string value;
    if (text.starts_with('"')) {
      std::size_t i = 1;
      for (; i < text.size() && text[i] != '"'; ++i) {
        // Browsers write a quote as %22 but leave backslashes of file names alone; \" is RFC
        // 2616's.
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '"') ++i;
        value += text[i];
      }
      if (i == text.size()) return {};
      text.remove_prefix(i + 1);
    } else {
      value = trim(text.substr(0, text.find(';')));
      text.remove_prefix(std::min(text.find(';'), text.size()));
    }
    if (equals_ignoring_case(name, wanted)) return value;
    text = trim(text);
    if (text.starts_with(';')) text.remove_prefix(1);
  }
  return {};
}

// The form field's name from a part's header lines.
std::optional<std::string> part_name(std::string_view head) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (!equals_ignoring_case(trim(line.substr(0, colon)), "Content-Disposition")) continue;
    const std::string_view value = trim(line.substr(colon + 1));
    const std::size_t semicolon = value.find(';');
    if (semicolon == std::string_view::npos) return {};
    if (!equals_ignoring_case(trim(value.substr(0, semicolon)), "form-data")) return {};
    return parameter(value.substr(semicolon + 1), "name");
  }
  return {};
}

auto malformed(std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, "net",
              "the multipart body is malformed: " + std::string(what));
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const std::size_t semicolon = content_type.find(';');
  if (semicolon == std::string_view::npos) return {};
  if (!equals_ignoring_case(trim(content_type.substr(0, semicolon)), "multipart/form-data"))
    return {};
  auto boundary = parameter(content_type.substr(semicolon + 1), "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) return {};
  const bool has_control =
      std::ranges::any_of(*boundary, [](char c) { return c < ' ' || c > '~'; });
  if (has_control || boundary->back() == ' ') return {};
  return boundary;
}

Result<ByteView> find_part(ByteView body, std::string_view boundary, std::string_view name) {
  const std::string_view text = as_text(body);
  const std::string delimiter = "\r\n--" + std::string(boundary);
  std::size_t at = 0;
  if (!text.starts_with(std::string_view(delimiter).substr(2))) {
    at = text.find(delimiter);
    if (at == std::string_view::npos) return malformed("its boundary does not occur");
    at += 2;
  }
  at += delimiter.size() - 2;
  std::optional<ByteView> found;
  for (std::size_t count = 0; !text.substr(at).starts_with("--"); ++count) {
    if (count == kMaxParts) return malformed("more than 64 parts");
    const std::size_t line_end = text.find("\r\n", at);
    if (line_end == std::string_view::npos || !trim(text.substr(at, line_end - at)).empty()) {
      return malformed("a boundary line does not end");
    }
    const std::size_t head_end =
        text.substr(0, line_end + kMaxPartHeadBytes).find("\r\n\r\n", line_end);
    // find() looks for the first character, of which the delimiter has no other: linear time,
    // whatever the body and the boundary are.
    const std::size_t end = text.find(delimiter, line_end);
    if (end == std::string_view::npos) {
      return malformed("the last boundary is missing; was it cut short?");
    }
    if (head_end == std::string_view::npos || end < head_end) {
      return malformed("a part's head does not end");
    }
    // An empty part's delimiter shares its CRLF with the head's empty line.
    const std::size_t start = head_end + 4;
    const std::string_view head = head_end > line_end
                                      ? text.substr(line_end + 2, head_end - line_end - 2)
                                      : std::string_view{};
    if (part_name(head) == name) {
      if (found) return malformed("the part comes twice");
      found = end > start ? body.subspan(start, end - start) : ByteView{};
    }
    at = end + delimiter.size();
  }
  if (found) return *found;
  return fail(ErrorCode::kNotFound, "net",
              "the multipart body has no part called \"" + std::string(name) + "\"");
}

}  // namespace farm::net
