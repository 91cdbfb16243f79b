#include "net/request_parser.h"

#include <algorithm>
#include <charconv>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace farm::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kMaxRequestLineBytes = 8 << 10;

// Digits only: Beast's own reading lets lists such as "5, 5" pass.
std::optional<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t length = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, length);
  if (error != std::errc{} || stop != end) return {};
  return length;
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::kGet;
    case http::verb::head:
      return Method::kHead;
    case http::verb::post:
      return Method::kPost;
    case http::verb::put:
      return Method::kPut;
    case http::verb::patch:
      return Method::kPatch;
    case http::verb::delete_:
      return Method::kDelete;
    case http::verb::options:
      return Method::kOptions;
    case http::verb::purge:
      return Method::kPurge;
    default:
      return Method::kOther;
  }
}

// Beast's events, kept as views; what a field means is decided here, not by Beast.
class Grammar final : public http::basic_parser<true> {
 public:
  RequestHead head;
  std::string_view target;
  int version = 11;
  Rejection rejection;
  std::array<HeaderView, kMaxHeaders> fields;
  std::size_t field_count = 0;
  int host_count = 0;
  int content_length_count = 0;
  int transfer_encoding_count = 0;
  MutableByteView out;  // of the current decode_chunked()
  std::size_t produced = 0;

 private:
  using error_code = boost::beast::error_code;
  using Text = boost::beast::string_view;

  void refuse(int status, std::string_view reason, error_code& ec) {
    rejection = {status, reason};
    ec = http::error::bad_value;
  }

  void on_request_impl(http::verb verb, Text method_text, Text target_text, int http_version,
                       error_code&) override {
    head.method = method_of(verb);
    head.method_text = view(method_text);
    target = view(target_text);
    version = http_version;
  }

  void on_field_impl(http::field name, Text name_text, Text value, error_code& ec) override {
    if (is_header_done()) return;  // a trailer: dropped (RFC 9110 section 6.5.1)
    if (field_count == fields.size()) return refuse(431, "more than 64 headers", ec);
    const std::string_view text = view(value);
    fields[field_count++] = {view(name_text), text};
    switch (name) {
      case http::field::host:
        ++host_count;
        head.host = text;
        break;
      case http::field::content_length:
        if (++content_length_count > 1) return refuse(400, "more than one Content-Length", ec);
        head.content_length = parse_length(text);
        if (!head.content_length) refuse(400, "a Content-Length that is no number", ec);
        break;
      case http::field::transfer_encoding:
        if (++transfer_encoding_count > 1)
          return refuse(400, "more than one Transfer-Encoding", ec);
        if (!equals_ignoring_case(text, "chunked")) {
          refuse(501, "a Transfer-Encoding other than chunked", ec);
        }
        break;
      case http::field::expect:
        if (!equals_ignoring_case(text, "100-continue")) {
          return refuse(417, "an expectation other than 100-continue", ec);
        }
        head.expects_continue = true;
        break;
      default:
        break;
    }
  }

  std::size_t on_chunk_body_impl(std::uint64_t, Text body, error_code&) override {
    const std::size_t count = std::min(body.size(), out.size() - produced);
    std::copy_n(reinterpret_cast<const std::byte*>(body.data()), count, out.begin() + produced);
    produced += count;
    return count;
  }

  void on_response_impl(int, Text, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(Text, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
  void on_finish_impl(error_code&) override {}
};

// What RFC 3986 section 3.2.2 allows in a host and port; so that a Host can stand in a URL we make.
bool is_host(std::string_view text) {
  constexpr std::string_view kOthers = "-._~!$&'()*+,;=:%[]";
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

struct RequestParser::Impl {
  explicit Impl(std::size_t max_head) : max_head_bytes(max_head) { restart(); }

  void restart() {
    grammar.emplace();
    // A head larger than ours is refused before Beast sees it; trailers stay within the same bound.
    grammar->header_limit(static_cast<std::uint32_t>(2 * max_head_bytes));
    grammar->body_limit(boost::none);
    line_start = 0;
    lines = 0;
    skipped = 0;
  }

  // Looks at the raw lines that have come since the last call.
  HeadState scan(std::string_view text);
  HeadState interpret(std::string_view text);
  bool split_target();
  HeadState reject(int status, std::string_view reason) {
    grammar->rejection = {status, reason};
    return HeadState::kRejected;
  }

  const std::size_t max_head_bytes;
  std::optional<Grammar> grammar;
  std::size_t line_start = 0;  // of the first line that has not ended yet
  std::size_t lines = 0;       // that have ended
  std::size_t skipped = 0;     // an empty line before the request (RFC 9112 section 2.2)
  std::size_t head_bytes = 0;
};

RequestParser::HeadState RequestParser::Impl::scan(std::string_view text) {
  // Nothing behind the bound is looked at, so that the answer does not depend on how the bytes
  // come.
  const bool full = text.size() >= max_head_bytes;
  text = text.substr(0, max_head_bytes);
  while (line_start < text.size()) {
    const std::string_view rest =
        text.substr(line_start, lines == 0 ? kMaxRequestLineBytes : std::string_view::npos);
    if (lines == 0 && !is_upper(rest.front()) && rest.front() != '\r') {
      return reject(400, "this is not an HTTP request");
    }
    if (lines > 0 && (rest.front() == ' ' || rest.front() == '\t')) {
      return reject(400, "a folded header line");
    }
    const std::size_t end = rest.find('\n');
    const std::size_t cr = rest.substr(0, end).find('\r');
    if (end == std::string_view::npos) {
      const bool bare_cr = cr != std::string_view::npos && cr + 1 != rest.size();
      if (bare_cr) return reject(400, "a bare CR in the head");
      if (lines == 0 && rest.size() == kMaxRequestLineBytes) {
        return reject(414, "the request line is too long");
      }
      break;
    }
    if (cr == std::string_view::npos || cr + 1 != end) {
      return reject(400, "a line of the head does not end in CRLF, or has a bare CR");
    }
    line_start += end + 1;
    const bool empty_line = end == 1;
    if (empty_line && lines == 0) {
      if (skipped != 0) return reject(400, "empty lines before the request");
      skipped = 2;
      continue;
    }
    if (empty_line) return HeadState::kComplete;
    ++lines;
  }
  if (full) return reject(431, "the request's head is too large");
  return HeadState::kIncomplete;
}

// Origin form, "*" of OPTIONS, or an absolute form for the very host in Host (RFC 9112
// section 3.2).
bool RequestParser::Impl::split_target() {
  RequestHead& head = grammar->head;
  std::string_view target = grammar->target;
  if (target == "*") {
    head.path = target;
    return head.method == Method::kOptions;
  }
  if (!target.starts_with('/')) {
    const std::size_t scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return false;
    const std::string_view scheme = target.substr(0, scheme_end);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https"))
      return false;
    target.remove_prefix(scheme_end + 3);
    const std::size_t path_start = std::min(target.find('/'), target.size());
    if (!equals_ignoring_case(target.substr(0, path_start), head.host)) return false;
    target = path_start == target.size() ? std::string_view("/") : target.substr(path_start);
  }
  if (target.find('#') != std::string_view::npos) return false;
  const std::size_t mark = target.find('?');
  head.path = target.substr(0, mark);
  head.has_query = mark != std::string_view::npos;
  if (head.has_query) head.query = target.substr(mark + 1);
  return true;
}

RequestParser::HeadState RequestParser::Impl::interpret(std::string_view text) {
  Grammar& g = *grammar;
  boost::beast::error_code error;
  head_bytes = line_start;
  g.put(boost::asio::buffer(text.data() + skipped, head_bytes - skipped), error);
  if (error || !g.is_header_done()) {
    if (g.rejection.reason.empty()) {
      if (error == http::error::bad_version) return reject(505, "an HTTP version other than 1.x");
      return reject(400, "the request's head does not follow HTTP's grammar");
    }
    return HeadState::kRejected;
  }
  if (g.version != 11 && g.version != 10) return reject(505, "an HTTP version other than 1.x");
  g.head.minor_version = g.version - 10;
  if (g.host_count > 1 || (g.host_count == 0 && g.version == 11)) {
    return reject(400, "there must be exactly one Host");
  }
  if (!is_host(g.head.host)) return reject(400, "the Host is no host");
  if (g.transfer_encoding_count > 0) {
    if (g.content_length_count > 0) return reject(400, "Content-Length beside Transfer-Encoding");
    if (g.version == 10) return reject(400, "Transfer-Encoding in HTTP/1.0");
  }
  if (!split_target()) return reject(400, "a target that is not ours to serve");
  g.head.chunked = g.chunked();
  g.head.keep_alive = g.keep_alive();
  g.head.expects_continue = g.head.expects_continue && g.version == 11 && g.head.has_body();
  g.head.headers = {g.fields.data(), g.field_count};
  return HeadState::kComplete;
}

RequestParser::RequestParser(std::size_t max_head_bytes)
    : impl_(std::make_unique<Impl>(max_head_bytes)) {}
RequestParser::~RequestParser() = default;

RequestParser::HeadState RequestParser::parse_head(ByteView received) {
  const std::string_view text = as_text(received);
  const HeadState state = impl_->scan(text);
  return state == HeadState::kComplete ? impl_->interpret(text) : state;
}

const RequestHead& RequestParser::head() const { return impl_->grammar->head; }
std::size_t RequestParser::head_bytes() const { return impl_->head_bytes; }
const Rejection& RequestParser::rejection() const { return impl_->grammar->rejection; }
void RequestParser::reset() { impl_->restart(); }

RequestParser::BodyStep RequestParser::decode_chunked(ByteView input, MutableByteView out) {
  Grammar& g = *impl_->grammar;
  g.out = out;
  g.produced = 0;
  BodyStep step;
  boost::beast::error_code error;
  while (!g.is_done() && step.consumed < input.size() && g.produced < out.size()) {
    const ByteView rest = input.subspan(step.consumed);
    const std::size_t before = g.produced;
    const std::size_t used = g.put(boost::asio::buffer(rest.data(), rest.size()), error);
    step.consumed += used;
    if (error == http::error::need_more) break;
    if (error) {
      impl_->reject(400, "the chunked body does not follow HTTP's grammar");
      step.rejected = true;
      break;
    }
    if (used == 0 && g.produced == before) break;
  }
  step.produced = g.produced;
  step.done = g.is_done();
  return step;
}

}  // namespace farm::net
