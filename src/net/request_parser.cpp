#include "net/request_parser.h"

#include <algorithm>
#include <utility>

#include "net/syntax.h"

namespace farm::net {
namespace {

constexpr std::size_t kMaxRequestLineBytes = 8 << 10;

Method method_of(std::string_view text) {
  for (const Method method : {Method::kGet, Method::kHead, Method::kPost, Method::kPut,
                              Method::kPatch, Method::kDelete, Method::kOptions, Method::kPurge}) {
    if (text == to_string(method)) return method;
  }
  return Method::kOther;
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// All but spaces and control characters: what is sent beyond RFC 3986 is for the handlers.
constexpr CharacterSet kTargetCharacters([](char c) {
  return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
});

constexpr CharacterSet kPathCharacters([](char c) {
  return kTargetCharacters.has(c) && c != '?' && c != '#';
});

// What RFC 3986 section 3.2.2 allows in a host and port; so that a Host can stand in a URL we make.
constexpr CharacterSet kHostCharacters([](char c) {
  return is_alphanumeric(c) ||
         std::string_view("-._~!$&'()*+,;=:%[]").find(c) != std::string_view::npos;
});

// One empty line may stand before it: some clients send one behind a body (RFC 9112 section 2.2).
bool may_be_request(std::string_view text) {
  if (text == "\r") return true;
  if (text.starts_with("\r\n")) text.remove_prefix(2);
  return text.empty() || is_upper(text.front());
}

}  // namespace

RequestParser::HeadState RequestParser::parse_head(ByteView received) {
  // Nothing behind the bound is looked at, so that the answer does not depend on how the bytes
  // come.
  const std::string_view text = as_text(received).substr(0, max_head_bytes_);
  if (!may_be_request(text)) {
    refuse(400, "this is not an HTTP request");
    return HeadState::kRejected;
  }
  // From the beginning whenever one more line has ended: no more often than there may be lines.
  const std::size_t searched = std::exchange(searched_, text.size());
  if (searched > 0 && text.find('\n', searched) == std::string_view::npos)
    return wait_for_more(text);
  forget_head();
  return parse_lines(text);
}

RequestParser::HeadState RequestParser::parse_lines(std::string_view text) {
  if (text.starts_with("\r\n")) line_start_ = 2;
  for (bool first = true;; first = false) {
    const std::string_view rest =
        text.substr(line_start_, first ? kMaxRequestLineBytes : std::string_view::npos);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return wait_for_more(text);
    if (end == 0 || rest[end - 1] != '\r') {
      refuse(400, "a line of the head does not end in CRLF");
      return HeadState::kRejected;
    }
    line_start_ += end + 1;
    const std::string_view line = rest.substr(0, end - 1);
    if (!first && line.empty()) return check_whole() ? HeadState::kComplete : HeadState::kRejected;
    const bool good = first ? read_request_line(line) : read_field(line);
    if (!good) return HeadState::kRejected;
  }
}

RequestParser::HeadState RequestParser::wait_for_more(std::string_view text) {
  const bool in_request_line = head_.method_text.empty();
  if (in_request_line && text.size() - line_start_ >= kMaxRequestLineBytes) {
    refuse(414, "the request line is too long");
    return HeadState::kRejected;
  }
  if (text.size() < max_head_bytes_) return HeadState::kIncomplete;
  refuse(431, "the request's head is too large");
  return HeadState::kRejected;
}

bool RequestParser::read_request_line(std::string_view line) {
  const std::size_t method_end = kTokenCharacters.count_leading(line);
  if (method_end == line.size() || line[method_end] != ' ') {
    return refuse(400, "a request line without a method");
  }
  head_.method_text = line.substr(0, method_end);
  head_.method = method_of(head_.method_text);
  const std::string_view rest = line.substr(method_end + 1);
  const std::size_t target_end = kTargetCharacters.count_leading(rest);
  if (target_end == 0 || target_end == rest.size() || rest[target_end] != ' ') {
    return refuse(400, "a request line without a target");
  }
  target_ = rest.substr(0, target_end);
  return read_version(rest.substr(target_end + 1));
}

bool RequestParser::read_version(std::string_view version) {
  if (has_forbidden_in_value(version)) return refuse(400, "a control character in the first line");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return refuse(505, "an HTTP version other than 1.x");
  }
  head_.minor_version = version.back() - '0';
  return true;
}

bool RequestParser::read_field(std::string_view line) {
  if (field_count_ == fields_.size()) return refuse(431, "more than 64 headers");
  HeaderView& field = fields_[field_count_++];
  const std::string_view problem = read_header_line(line, field);
  return problem.empty() ? interpret(field) : refuse(400, problem);
}

// What the request itself depends on; the other fields are for the handlers.
bool RequestParser::interpret(const HeaderView& field) {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  if (is("Host")) return read_host(field.value);
  if (is("Connection")) {
    return connection_.add(field.value) || refuse(400, "a Connection that is no list of tokens");
  }
  if (is("Content-Length")) return read_content_length(field.value);
  if (is("Transfer-Encoding")) return read_transfer_encoding(field.value);
  if (is("Expect")) {
    head_.expects_continue = equals_ignoring_case(field.value, "100-continue");
    if (!head_.expects_continue) return refuse(417, "an expectation other than 100-continue");
  }
  return true;
}

bool RequestParser::read_host(std::string_view value) {
  if (std::exchange(has_host_, true)) return refuse(400, "more than one Host");
  if (!kHostCharacters.has_all(value)) return refuse(400, "the Host is no host");
  head_.host = value;
  return true;
}

bool RequestParser::read_content_length(std::string_view value) {
  if (head_.content_length) return refuse(400, "more than one Content-Length");
  head_.content_length = parse_content_length(value);
  return head_.content_length || refuse(400, "a Content-Length that is no number");
}

bool RequestParser::read_transfer_encoding(std::string_view value) {
  if (head_.chunked) return refuse(400, "more than one Transfer-Encoding");
  head_.chunked = equals_ignoring_case(value, "chunked");
  return head_.chunked || refuse(501, "a Transfer-Encoding other than chunked");
}

bool RequestParser::check_whole() {
  if (!has_host_ && head_.minor_version == 1) return refuse(400, "there must be a Host");
  if (head_.chunked && head_.content_length) {
    return refuse(400, "Content-Length beside Transfer-Encoding");
  }
  if (head_.chunked && head_.minor_version == 0) {
    return refuse(400, "Transfer-Encoding in HTTP/1.0");
  }
  if (!split_target()) return refuse(400, "a target that is not ours to serve");
  head_.keep_alive = connection_.persistent(head_.minor_version);
  head_.expects_continue = head_.expects_continue && head_.minor_version == 1 && head_.has_body();
  head_.headers = {fields_.data(), field_count_};
  return true;
}

// Origin form, "*" of OPTIONS, or an absolute form for the very host in Host (RFC 9112
// section 3.2).
bool RequestParser::split_target() {
  std::string_view target = target_;
  if (target == "*") {
    head_.path = target;
    return head_.method == Method::kOptions;
  }
  if (!target.starts_with('/')) {
    const std::size_t scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return false;
    const std::string_view scheme = target.substr(0, scheme_end);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https"))
      return false;
    target.remove_prefix(scheme_end + 3);
    const std::size_t path_start = std::min(target.find('/'), target.size());
    if (!equals_ignoring_case(target.substr(0, path_start), head_.host)) return false;
    target = path_start == target.size() ? std::string_view("/") : target.substr(path_start);
  }
  const std::size_t path_end = kPathCharacters.count_leading(target);
  head_.path = target.substr(0, path_end);
  head_.has_query = path_end < target.size();
  if (head_.has_query) head_.query = target.substr(path_end + 1);
  return target.find('#', path_end) == std::string_view::npos;
}

void RequestParser::forget_head() {
  line_start_ = 0;
  field_count_ = 0;
  has_host_ = false;
  connection_ = {};
  head_ = {};
}

void RequestParser::reset() {
  searched_ = 0;
  body_.reset();
  forget_head();
}

RequestParser::BodyStep RequestParser::decode_chunked(ByteView input, MutableByteView out) {
  if (!body_) body_ = std::make_unique<ChunkedBody>();
  const BodyStep step = body_->decode(input, out);
  if (step.rejected) refuse(400, "the chunked body does not follow HTTP's grammar");
  return step;
}

}  // namespace farm::net
