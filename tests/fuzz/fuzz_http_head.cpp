// HTTP requests as a connection takes them: however the bytes come, the parser decides the same;
// what it accepts holds what handlers rely on; a chunked body behind it is decoded to its end.
//
// The input's first byte says how many bytes come at a time and how small the body's buffer is.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/request_parser.h"

namespace {

using farm::Bytes;
using farm::ByteView;
using farm::net::RequestHead;
using farm::net::RequestParser;
using State = RequestParser::HeadState;

constexpr std::size_t kMaxHead = 2048;

void must(bool holds) {
  if (!holds) std::abort();
}

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }

State parse_in_pieces(RequestParser& parser, ByteView bytes, std::size_t piece) {
  State state = State::kIncomplete;
  for (std::size_t come = 0; come < bytes.size() && state == State::kIncomplete;) {
    come = std::min(come + piece, bytes.size());
    state = parser.parse_head(bytes.first(come));
  }
  return state;
}

void check_same(const RequestHead& a, const RequestHead& b) {
  must(a.method == b.method && a.path == b.path && a.query == b.query && a.host == b.host);
  must(a.content_length == b.content_length && a.chunked == b.chunked);
  must(a.keep_alive == b.keep_alive && a.expects_continue == b.expects_continue);
  must(a.has_query == b.has_query && a.minor_version == b.minor_version);
  must(a.headers.size() == b.headers.size());
  for (std::size_t i = 0; i < a.headers.size(); ++i) {
    must(a.headers[i].name == b.headers[i].name && a.headers[i].value == b.headers[i].value);
  }
}

void check_head(const RequestHead& head) {
  const auto breaks_target = [](char c) { return is_control(c) || c == ' ' || c == '#'; };
  must(head.path == "*" || head.path.starts_with('/'));
  must(head.path.find('?') == std::string_view::npos);
  must(std::ranges::none_of(head.path, breaks_target));
  must(std::ranges::none_of(head.query, breaks_target));
  must(!(head.chunked && head.content_length));
  must(!(head.chunked && head.minor_version == 0));
  must(head.minor_version == 0 || head.find("Host").has_value());
  must(head.headers.size() <= farm::net::kMaxHeaders);
  for (const auto& header : head.headers) {
    must(!header.name.empty());
    must(std::ranges::none_of(header.name,
                              [](char c) { return is_control(c) || c == ' ' || c == ':'; }));
    must(std::ranges::none_of(header.value, [](char c) { return is_control(c) && c != '\t'; }));
    must(!header.value.starts_with(' ') && !header.value.ends_with(' '));
  }
}

struct Body {
  std::string bytes;
  bool done = false;
  bool rejected = false;
  std::size_t consumed = 0;
};

Body decode(RequestParser& parser, ByteView input, std::size_t piece, std::size_t out_bytes) {
  Body body;
  Bytes out(out_bytes);
  std::size_t come = 0;
  while (!body.done && !body.rejected) {
    const ByteView waiting = input.subspan(body.consumed, come - body.consumed);
    const RequestParser::BodyStep step = parser.decode_chunked(waiting, out);
    must(step.consumed <= waiting.size() && step.produced <= out.size());
    must(step.produced <= step.consumed);
    body.consumed += step.consumed;
    body.bytes += farm::as_text(ByteView(out).first(step.produced));
    body.done = step.done;
    body.rejected = step.rejected;
    const bool stuck = step.consumed == 0 && step.produced == 0;
    if (stuck && come == input.size()) break;
    if (stuck) come = std::min(come + piece, input.size());
  }
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 61;
  const std::size_t out_bytes = 1 + data[0] % 7;
  const ByteView bytes = farm::as_bytes({reinterpret_cast<const char*>(data) + 1, size - 1});
  RequestParser whole(kMaxHead);
  RequestParser split(kMaxHead);
  const State state = bytes.empty() ? State::kIncomplete : whole.parse_head(bytes);
  must(parse_in_pieces(split, bytes, piece) == state);
  if (state == State::kRejected) {
    must(whole.rejection().status == split.rejection().status);
    must(whole.rejection().status >= 400 && !whole.rejection().reason.empty());
  }
  if (state != State::kComplete) return 0;
  must(whole.head_bytes() == split.head_bytes() && whole.head_bytes() <= kMaxHead);
  check_same(whole.head(), split.head());
  check_head(whole.head());
  if (!whole.head().chunked) return 0;
  const ByteView rest = bytes.subspan(whole.head_bytes());
  const Body large = decode(whole, rest, rest.size() + 1, 4096);
  const Body small = decode(split, rest, piece, out_bytes);
  must(large.done == small.done && large.rejected == small.rejected);
  if (!large.rejected) must(large.bytes == small.bytes && large.consumed == small.consumed);
  return 0;
}
