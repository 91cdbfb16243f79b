// Parses HTTP/1.1 requests (RFC 9112) strictly: what two programs might read in two ways is
// refused. Beast's parser does the grammar; in front of it stand the checks that Beast leaves open:
// bare CR or LF, folded lines, more than one Content-Length or one that is a list,
// Transfer-Encoding beside it or not exactly "chunked", a missing or second Host, an absolute
// target for another host.
//
// Not thread-safe; one for each connection. No sockets, no coroutines: the fuzzer drives it too.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "net/request_head.h"

namespace farm::net {

// Why a request was refused: answer with this status and close.
struct Rejection {
  int status = 400;
  std::string_view reason;  // a literal
};

class RequestParser {
 public:
  explicit RequestParser(std::size_t max_head_bytes);
  ~RequestParser();

  enum class HeadState { kIncomplete, kComplete, kRejected };

  // `received` is all that has come since the request's first byte; call it again with more at the
  // same place while incomplete. Once complete, head() refers to those bytes.
  HeadState parse_head(ByteView received);
  const RequestHead& head() const;
  std::size_t head_bytes() const;
  const Rejection& rejection() const;

  struct BodyStep {
    std::size_t consumed = 0;  // of the input
    std::size_t produced = 0;  // bytes written to `out`
    bool done = false;         // the body has ended
    bool rejected = false;     // see rejection()
  };
  // Decodes a chunked body: some of `input` into `out` (not empty). Neither consumed nor produced
  // anything and not done: it needs more input at once than it was given.
  BodyStep decode_chunked(ByteView input, MutableByteView out);

  // Ready for the next request.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace farm::net
