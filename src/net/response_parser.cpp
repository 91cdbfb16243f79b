#include "net/response_parser.h"

#include <algorithm>

#include "net/syntax.h"

namespace farm::net {
namespace {

// It has to fit into a signed number as well.
std::optional<std::uint64_t> parse_length(std::string_view text) {
  const auto length = parse_content_length(text);
  return length.value_or(0) >> 63U == 0 ? length : std::nullopt;
}

}  // namespace

void ResponseParser::reset() {
  line_start_ = 0;
  has_transfer_encoding_ = false;
  connection_ = {};
  problem_ = {};
  head_ = {};
}

ResponseParser::State ResponseParser::parse(ByteView received) {
  std::string_view text = as_text(received);
  // Nothing behind the bound is looked at, so that the answer does not depend on how the bytes
  // come.
  const bool full = text.size() >= max_head_bytes_;
  text = text.substr(0, max_head_bytes_);
  constexpr std::string_view kProtocol = "HTTP/1.";
  if (line_start_ == 0 &&
      !text.substr(0, kProtocol.size())
           .starts_with(kProtocol.substr(0, std::min(kProtocol.size(), text.size())))) {
    problem_ = "this is no HTTP/1.x answer";
    return State::kCorrupt;
  }
  while (line_start_ < text.size()) {
    const std::string_view rest = text.substr(line_start_);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    if (end == 0 || rest[end - 1] != '\r') {
      problem_ = "a line of the head does not end in CRLF";
      return State::kCorrupt;
    }
    line_start_ += end + 1;
    if (end == 1) return interpret(text);
  }
  if (!full) return State::kIncomplete;
  problem_ = "the answer's head is too large";
  return State::kTooLarge;
}

ResponseParser::State ResponseParser::interpret(std::string_view text) {
  std::string_view rest = text.substr(0, line_start_ - 2);  // without the empty line
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (!first && head_.headers.size() == kMaxResponseHeaders) {
      problem_ = "more than 256 headers";
      return State::kTooLarge;
    }
    const bool good = first ? read_status_line(line) : read_field(line);
    if (!good) return State::kCorrupt;
  }
  if (head_.status == 0) {
    problem_ = "no status line";
    return State::kCorrupt;
  }
  return check_framing() ? State::kComplete : State::kCorrupt;
}

// Section 4: "HTTP/1.1 200 OK"; the last space is left out by some, which nobody reads in two ways.
bool ResponseParser::read_status_line(std::string_view line) {
  constexpr std::size_t kUpToStatus = 12;
  if (line.size() < kUpToStatus || !line.starts_with("HTTP/1.") || line[8] != ' ') {
    return refuse("no status line");
  }
  if (line[7] != '0' && line[7] != '1') return refuse("a version other than 1.0 and 1.1");
  head_.minor_version = line[7] - '0';
  const std::string_view digits = line.substr(9, 3);
  if (!std::ranges::all_of(digits, is_digit)) return refuse("a status that is no number");
  head_.status = 100 * (digits[0] - '0') + 10 * (digits[1] - '0') + (digits[2] - '0');
  if (head_.status < 100 || head_.status > 599) return refuse("a status that is none");
  const std::string_view rest = line.substr(kUpToStatus);
  if (rest.empty()) return true;
  head_.reason = rest.substr(1);
  if (rest[0] != ' ' || has_forbidden_in_value(head_.reason)) {
    return refuse("a status line with characters that do not belong there");
  }
  return true;
}

bool ResponseParser::read_field(std::string_view line) {
  HeaderView field;
  const std::string_view problem = read_header_line(line, field);
  if (!problem.empty()) return refuse(problem);
  head_.headers.push_back(field);
  return read_framing_field(field);
}

bool ResponseParser::read_framing_field(const HeaderView& field) {
  if (equals_ignoring_case(field.name, "Content-Length")) {
    return read_content_length(field.value);
  }
  if (equals_ignoring_case(field.name, "Transfer-Encoding")) {
    if (has_transfer_encoding_) return refuse("more than one Transfer-Encoding");
    has_transfer_encoding_ = true;
    head_.chunked = equals_ignoring_case(field.value, "chunked");
    if (!head_.chunked) return refuse("a Transfer-Encoding other than chunked");
  } else if (equals_ignoring_case(field.name, "Connection")) {
    (void)connection_.add(field.value);  // what else it says is not for us
  }
  return true;
}

// The same length several times is one length (section 6.3).
bool ResponseParser::read_content_length(std::string_view value) {
  std::string_view list = value;
  do {
    const auto length = parse_length(take_list_member(list));
    if (!length) return refuse("a Content-Length that is no number");
    if (head_.content_length.value_or(*length) != *length) {
      return refuse("several Content-Lengths that differ");
    }
    head_.content_length = length;
  } while (!list.empty());
  return !value.ends_with(',') || refuse("a Content-Length that is no number");
}

bool ResponseParser::check_framing() {
  if (head_.chunked && head_.content_length) {
    return refuse("Content-Length beside Transfer-Encoding");
  }
  if (head_.chunked && head_.minor_version == 0) return refuse("Transfer-Encoding in HTTP/1.0");
  if (head_.status == 101) return refuse("another protocol, which nobody asked for");
  // Section 6.3 knows no body here; a server that announces one might send it all the same.
  if (head_.interim() || head_.status == 204) {
    if (head_.chunked || head_.content_length.value_or(0) > 0) {
      return refuse("a body where there can be none");
    }
  }
  head_.keep_alive = connection_.persistent(head_.minor_version);
  return true;
}

namespace {

constexpr std::size_t kMaxSizeLineBytes = 4 << 10;  // with a chunk's extensions
constexpr std::size_t kMaxSizeDigits = 16;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::size_t ChunkedDecoder::decode(MutableByteView bytes) {
  std::size_t produced = 0;
  std::size_t i = 0;
  while (i < bytes.size() && !done() && !corrupt()) {
    if (state_ != State::kData) {
      state_ = framing(static_cast<char>(bytes[i++]));
      continue;
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - i));
    if (produced != i) std::memmove(bytes.data() + produced, bytes.data() + i, count);
    produced += count;
    i += count;
    left_ -= count;
    if (left_ == 0) state_ = State::kDataCr;
  }
  left_over_ = bytes.size() - i;
  return produced;
}

ChunkedDecoder::State ChunkedDecoder::framing(char c) {
  switch (state_) {
    case State::kSize:
    case State::kSizeDigits:
    case State::kSizeSpace:
    case State::kExtension:
      return size_line(c);
    case State::kSizeLf:
      if (c != '\n') return State::kCorrupt;
      return left_ > 0 ? State::kData : State::kTrailer;
    case State::kDataCr:
      return c == '\r' ? State::kDataLf : State::kCorrupt;
    case State::kDataLf:
      return c == '\n' ? State::kSize : State::kCorrupt;
    default:
      return trailer(c);
  }
}

ChunkedDecoder::State ChunkedDecoder::size_line(char c) {
  const bool first = state_ == State::kSize;
  line_bytes_ = first ? 1 : line_bytes_ + 1;
  if (line_bytes_ > kMaxSizeLineBytes) return State::kCorrupt;
  if (state_ == State::kExtension) {
    if (c == '\r') return State::kSizeLf;
    return is_forbidden_in_value(c) ? State::kCorrupt : State::kExtension;
  }
  const int digit = hex_value(c);
  if (digit >= 0 && state_ != State::kSizeSpace) {
    if (first) left_ = 0;
    if (line_bytes_ > kMaxSizeDigits || left_ >> 59U != 0) return State::kCorrupt;
    left_ = 16 * left_ + static_cast<std::uint64_t>(digit);
    return State::kSizeDigits;
  }
  if (first) return State::kCorrupt;
  if (c == '\r') return State::kSizeLf;
  if (c == ';') return State::kExtension;
  return c == ' ' || c == '\t' ? State::kSizeSpace : State::kCorrupt;
}

ChunkedDecoder::State ChunkedDecoder::trailer(char c) {
  if (++trailer_bytes_ > max_trailer_bytes_) return State::kCorrupt;
  switch (state_) {
    case State::kTrailer:
      if (c == '\r') return State::kLastLf;
      return is_token_character(c) ? State::kTrailerName : State::kCorrupt;
    case State::kTrailerName:
      if (c == ':') return State::kTrailerLine;
      return is_token_character(c) ? State::kTrailerName : State::kCorrupt;
    case State::kTrailerLine:
      if (c == '\r') return State::kTrailerLf;
      return is_forbidden_in_value(c) ? State::kCorrupt : State::kTrailerLine;
    case State::kTrailerLf:
      return c == '\n' ? State::kTrailer : State::kCorrupt;
    case State::kLastLf:
      return c == '\n' ? State::kDone : State::kCorrupt;
    default:
      return State::kCorrupt;
  }
}

}  // namespace farm::net
