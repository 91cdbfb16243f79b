#include "cache/http/cache_status.h"

#include <array>
#include <charconv>
#include <cstring>

#include "net/syntax.h"

namespace farm::cache {
namespace {

// sf-token of RFC 8941 section 3.3.4.
constexpr net::CharacterSet kItemCharacters([](char c) {
  return net::kTokenCharacters.has(c) || c == ':' || c == '/';
});
bool is_token(std::string_view text) {
  const bool begins_well = !text.empty() && (net::is_alpha(text.front()) || text.front() == '*');
  return begins_well && kItemCharacters.has_all(text);
}

class Line {
 public:
  explicit Line(std::span<char> out) : out_(out) {}

  void put(std::string_view text) {
    if (text.size() > out_.size() - size_) fits_ = false;
    if (!fits_ || text.empty()) return;
    std::memcpy(out_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  void put(std::int64_t number) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    put({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  // A token where it can be one, else a string (RFC 8941 section 3.3.3).
  void put_item(std::string_view text) {
    if (is_token(text)) return put(text);
    put("\"");
    for (char c : text) {
      if (c < ' ' || c > '~') c = '?';
      if (c == '"' || c == '\\') put("\\");
      put({&c, 1});
    }
    put("\"");
  }
  std::size_t size() const { return fits_ ? size_ : 0; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
  bool fits_ = true;
};

}  // namespace

std::string_view to_string(Fwd fwd) {
  switch (fwd) {
    case Fwd::kNone:
      return "";
    case Fwd::kBypass:
      return "bypass";
    case Fwd::kMethod:
      return "method";
    case Fwd::kUriMiss:
      return "uri-miss";
    case Fwd::kVaryMiss:
      return "vary-miss";
    case Fwd::kMiss:
      return "miss";
    case Fwd::kRequest:
      return "request";
    case Fwd::kStale:
      return "stale";
    case Fwd::kPartial:
      return "partial";
  }
  return "";
}

std::size_t write_cache_status(std::span<char> out, std::string_view cache_name,
                               const CacheStatus& status) {
  Line line(out);
  line.put("Cache-Status: ");
  line.put_item(cache_name);
  if (status.hit) {
    line.put("; hit");
  } else if (status.fwd != Fwd::kNone) {
    line.put("; fwd=");
    line.put(to_string(status.fwd));
    if (status.fwd_status != 0) {
      line.put("; fwd-status=");
      line.put(std::int64_t{status.fwd_status});
    }
  }
  if (status.ttl_s) {
    line.put("; ttl=");
    line.put(*status.ttl_s);
  }
  if (!status.hit && status.stored) line.put("; stored");
  if (!status.hit && status.collapsed) line.put("; collapsed");
  if (!status.detail.empty()) {
    line.put("; detail=");
    line.put_item(status.detail);
  }
  line.put("\r\n");
  return line.size();
}

std::string cache_status_line(std::string_view cache_name, const CacheStatus& status) {
  std::array<char, kMaxCacheStatusBytes> line;
  return {line.data(), write_cache_status(line, cache_name, status)};
}

}  // namespace farm::cache
