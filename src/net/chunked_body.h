// The chunked body of a request (RFC 9112 section 7.1), decoded strictly by Beast's parser.
// Trailers are dropped (RFC 9110 section 6.5.1). Not thread-safe; one for each body.
#pragma once

#include <memory>

#include "base/bytes.h"

namespace farm::net {

class ChunkedBody {
 public:
  ChunkedBody();
  ~ChunkedBody();
  ChunkedBody(const ChunkedBody&) = delete;
  ChunkedBody& operator=(const ChunkedBody&) = delete;

  struct Step {
    std::size_t consumed = 0;  // of the input
    std::size_t produced = 0;  // bytes written to `out`
    bool done = false;         // the body has ended
    bool rejected = false;     // it is malformed
  };
  // Decodes some of `input` into `out` (not empty). Neither consumed nor produced anything and not
  // done: it needs more input at once than it was given, for the line of a chunk's size or for the
  // trailers; how much of that is too much is for the caller to say.
  Step decode(ByteView input, MutableByteView out);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace farm::net
