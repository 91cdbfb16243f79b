// Parses the heads of HTTP/1.1 requests (RFC 9112) strictly: what two programs might read in two
// ways is refused: bare CR or LF, folded lines, more than one Content-Length or one that is a list,
// Transfer-Encoding beside it or not exactly "chunked", a missing or second Host, an absolute
// target for another host.
//
// Not thread-safe; one for each connection. No sockets, no coroutines: the fuzzer drives it too.
#pragma once

#include <array>
#include <memory>

#include "base/bytes.h"
#include "net/chunked_body.h"
#include "net/header_line.h"
#include "net/request_head.h"

namespace farm::net {

// Why a request was refused: answer with this status and close.
struct Rejection {
  int status = 400;
  std::string_view reason;  // a literal
};

class RequestParser {
 public:
  explicit RequestParser(std::size_t max_head_bytes) : max_head_bytes_(max_head_bytes) {}
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  enum class HeadState { kIncomplete, kComplete, kRejected };

  // `received` is all that has come since the request's first byte; call it again with more while
  // incomplete. Once complete, head() refers to those bytes. It decides alike however they come.
  HeadState parse_head(ByteView received);
  const RequestHead& head() const { return head_; }
  std::size_t head_bytes() const { return line_start_; }
  const Rejection& rejection() const { return rejection_; }

  using BodyStep = ChunkedBody::Step;
  // Decodes a chunked body, as ChunkedBody::decode(); where it is rejected, see rejection().
  BodyStep decode_chunked(ByteView input, MutableByteView out);

  // Ready for the next request.
  void reset();

 private:
  HeadState parse_lines(std::string_view text);
  HeadState wait_for_more(std::string_view text);
  bool read_request_line(std::string_view line);
  bool read_version(std::string_view version);
  bool read_field(std::string_view line);
  bool interpret(const HeaderView& field);
  bool read_host(std::string_view value);
  bool read_content_length(std::string_view value);
  bool read_transfer_encoding(std::string_view value);
  bool check_whole();
  bool split_target();
  void forget_head();
  bool refuse(int status, std::string_view reason) {
    rejection_ = {status, reason};
    return false;
  }

  const std::size_t max_head_bytes_;
  std::size_t searched_ = 0;    // for the ends of lines, by the last call
  std::size_t line_start_ = 0;  // of the line to be read next
  Rejection rejection_;
  RequestHead head_;
  std::string_view target_;
  ConnectionOptions connection_;
  bool has_host_ = false;
  std::size_t field_count_ = 0;
  std::array<HeaderView, kMaxHeaders> fields_;
  std::unique_ptr<ChunkedBody> body_;
};

}  // namespace farm::net
