// Parses heads of HTTP/1.1 answers (RFC 9112) strictly, and decodes chunked bodies: what two
// programs might read in two ways is refused, so that no server behind us can make us take a part
// of one answer for another.
//
// Pure; not thread-safe; one of each for an answer. No sockets, no coroutines: the fuzzer drives
// both.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "net/header_line.h"

namespace farm::net {

struct ResponseView {
  int status = 0;
  int minor_version = 1;  // of HTTP/1.x
  std::string_view reason;
  std::vector<HeaderView> headers;  // names are tokens, values trimmed
  // Content-Length, which says nothing of the body where `chunked`, or where there is none.
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;  // the connection may be used again (RFC 9112 section 9.3)

  bool interim() const { return status < 200; }
  // Whether a body follows; `to_head`: the request was HEAD.
  bool has_body(bool to_head) const {
    return !interim() && !to_head && status != 204 && status != 304;
  }
};

class ResponseParser {
 public:
  static constexpr std::size_t kMaxResponseHeaders = 256;

  explicit ResponseParser(std::size_t max_head_bytes) : max_head_bytes_(max_head_bytes) {}

  enum class State { kIncomplete, kComplete, kCorrupt, kTooLarge };

  // `received` is all that has come since the answer's first byte; while incomplete, call it again
  // with more. Once complete, head() refers to those bytes. It decides alike however they come.
  State parse(ByteView received);
  const ResponseView& head() const { return head_; }
  std::size_t head_bytes() const { return line_start_; }
  // Why it is corrupt or too large.
  std::string_view problem() const { return problem_; }

  // Ready for the next head.
  void reset();

 private:
  State interpret(std::string_view text);
  bool read_status_line(std::string_view line);
  bool read_field(std::string_view line);
  bool read_framing_field(const HeaderView& field);
  bool read_content_length(std::string_view value);
  bool check_framing();
  bool refuse(std::string_view why) {
    problem_ = why;
    return false;
  }

  const std::size_t max_head_bytes_;
  std::size_t line_start_ = 0;  // of the first line that has not ended yet
  bool has_transfer_encoding_ = false;
  ConnectionOptions connection_;
  std::string_view problem_;
  ResponseView head_;
};

// A chunked body (RFC 9112 section 7.1), decoded in place. Extensions and trailers are dropped.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(std::size_t max_trailer_bytes) : max_trailer_bytes_(max_trailer_bytes) {}

  // Takes raw bytes, and moves what they hold of the body to their beginning; returns how much that
  // is. Nothing is left over but what follows the body's end.
  std::size_t decode(MutableByteView bytes);
  bool done() const { return state_ == State::kDone; }
  bool corrupt() const { return state_ == State::kCorrupt; }
  // Bytes of the last call that stand behind the body's end.
  std::size_t left_over() const { return left_over_; }

 private:
  enum class State : std::uint8_t {
    kSize,         // its first digit
    kSizeDigits,   // a further one
    kSizeSpace,    // behind it: some old servers pad it
    kExtension,    // dropped until its CR
    kSizeLf,       // of the line with the size
    kData,         //
    kDataCr,       // behind a chunk
    kDataLf,       //
    kTrailer,      // the first byte of a line
    kTrailerName,  // up to the colon
    kTrailerLine,  //
    kTrailerLf,    //
    kLastLf,       // of the empty line that ends it
    kDone,
    kCorrupt,
  };

  State framing(char c);
  State size_line(char c);
  State trailer(char c);

  const std::size_t max_trailer_bytes_;
  State state_ = State::kSize;
  std::uint64_t left_ = 0;      // of the current chunk
  std::size_t line_bytes_ = 0;  // of the line with the current chunk's size
  std::size_t trailer_bytes_ = 0;
  std::size_t left_over_ = 0;
};

}  // namespace farm::net
