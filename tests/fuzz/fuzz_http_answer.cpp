// HTTP answers as the proxy's side takes them: however the bytes come, the parser decides the same;
// what it accepts holds what the proxy relies on; a chunked body behind it is decoded in place, the
// same by any pieces.
//
// The input's first byte says how many bytes come at a time.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/response_parser.h"
#include "net/syntax.h"

namespace {

using farm::Bytes;
using farm::ByteView;
using farm::net::ChunkedDecoder;
using farm::net::ResponseParser;
using farm::net::ResponseView;
using State = ResponseParser::State;

constexpr std::size_t kMaxHead = 2048;

void must(bool holds) {
  if (!holds) std::abort();
}

State parse_in_pieces(ResponseParser& parser, ByteView bytes, std::size_t piece) {
  State state = State::kIncomplete;
  for (std::size_t come = 0; come < bytes.size() && state == State::kIncomplete;) {
    come = std::min(come + piece, bytes.size());
    state = parser.parse(bytes.first(come));
  }
  return state;
}

void check_same(const ResponseView& a, const ResponseView& b) {
  must(a.status == b.status && a.minor_version == b.minor_version && a.reason == b.reason);
  must(a.content_length == b.content_length && a.chunked == b.chunked);
  must(a.keep_alive == b.keep_alive && a.headers.size() == b.headers.size());
  for (std::size_t i = 0; i < a.headers.size(); ++i) {
    must(a.headers[i].name == b.headers[i].name && a.headers[i].value == b.headers[i].value);
  }
}

bool is_clean(std::string_view text) {
  return std::ranges::none_of(text, farm::net::is_forbidden_in_value);
}

void check_head(const ResponseView& head) {
  must(head.status >= 100 && head.status <= 599 && head.status != 101);
  must(head.minor_version == 0 || head.minor_version == 1);
  must(is_clean(head.reason));
  must(!(head.chunked && head.content_length));
  must(!(head.chunked && head.minor_version == 0));
  must(head.content_length.value_or(0) >> 63U == 0);
  must(head.headers.size() <= ResponseParser::kMaxResponseHeaders);
  if (head.interim() || head.status == 204) {
    must(!head.chunked && head.content_length.value_or(0) == 0);
  }
  for (const auto& header : head.headers) {
    must(farm::net::is_token(header.name) && is_clean(header.value));
    must(!header.value.starts_with(' ') && !header.value.ends_with(' '));
  }
}

struct Body {
  std::string bytes;
  bool done = false;
  bool corrupt = false;
  std::size_t left_over = 0;
};

Body decode(ByteView input, std::size_t piece) {
  ChunkedDecoder decoder(kMaxHead);
  Body body;
  for (std::size_t at = 0; at < input.size() && !decoder.done() && !decoder.corrupt();) {
    const ByteView raw = input.subspan(at, std::min(piece, input.size() - at));
    Bytes bytes(raw.begin(), raw.end());
    const std::size_t produced = decoder.decode(bytes);
    must(produced + decoder.left_over() <= bytes.size());
    must(decoder.left_over() == 0 || decoder.done() || decoder.corrupt());
    body.bytes += farm::as_text(ByteView(bytes).first(produced));
    at += raw.size();
    body.left_over = input.size() - at + decoder.left_over();
  }
  body.done = decoder.done();
  body.corrupt = decoder.corrupt();
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 61;
  const ByteView bytes = farm::as_bytes({reinterpret_cast<const char*>(data) + 1, size - 1});
  ResponseParser whole(kMaxHead);
  ResponseParser split(kMaxHead);
  const State state = bytes.empty() ? State::kIncomplete : whole.parse(bytes);
  must(parse_in_pieces(split, bytes, piece) == state);
  if (state == State::kCorrupt || state == State::kTooLarge) {
    must(!whole.problem().empty() && whole.problem() == split.problem());
  }
  if (state != State::kComplete) return 0;
  must(whole.head_bytes() == split.head_bytes() && whole.head_bytes() <= kMaxHead);
  check_same(whole.head(), split.head());
  check_head(whole.head());
  if (!whole.head().chunked) return 0;
  const ByteView rest = bytes.subspan(whole.head_bytes());
  const Body large = decode(rest, rest.size() + 1);
  const Body small = decode(rest, piece);
  must(large.done == small.done && large.corrupt == small.corrupt);
  must(large.bytes == small.bytes && large.left_over == small.left_over);
  return 0;
}
