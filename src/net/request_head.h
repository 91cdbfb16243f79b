// The head of one request, as views into the connection's buffer: valid until the exchange ends.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace farm::net {

enum class Method : std::uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kPatch,
  kDelete,
  kOptions,
  kPurge,
  kOther,
};
std::string_view to_string(Method method);

struct HeaderView {
  std::string_view name;
  std::string_view value;
};

inline constexpr std::size_t kMaxHeaders = 64;

struct RequestHead {
  Method method = Method::kOther;
  std::string_view method_text;  // as sent
  std::string_view path;   // begins with '/', as sent (percent escapes stay); "*" for OPTIONS *
  std::string_view query;  // after the '?', which is not part of it
  bool has_query = false;
  int minor_version = 1;  // of HTTP/1.x
  std::string_view host;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  std::span<const HeaderView> headers;

  // Path and query together, as sent.
  std::string_view target() const {
    return has_query ? std::string_view{path.data(), path.size() + 1 + query.size()} : path;
  }
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  // The first header of that name (case-insensitive); nothing if there is none.
  std::optional<std::string_view> find(std::string_view name) const;
};

bool equals_ignoring_case(std::string_view a, std::string_view b);  // ASCII
// Without the spaces and tabs at both ends: optional whitespace (RFC 9110 section 5.6.3).
std::string_view trim(std::string_view text);

}  // namespace farm::net
