// A stream of bytes out of a packed one, piece by piece. Not thread-safe.
#pragma once

#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace farm::app {

class Unpacker {
 public:
  using Sink = std::function<Result<void>(ByteView)>;

  virtual ~Unpacker() = default;
  // Gives `sink` what `packed` brings; an error of the sink's ends it.
  virtual Result<void> add(ByteView packed, const Sink& sink) = 0;
  // kCorrupt if more should have come.
  virtual Result<void> finish(const Sink& sink) = 0;

  // By the first bytes: gzip (RFC 1952), xz (https://tukaani.org/xz/xz-file-format.txt, 2.1.1.1),
  // else plain. At least 6 bytes are needed to tell, unless the file is shorter.
  static Result<std::unique_ptr<Unpacker>> for_file_that_begins(ByteView bytes);
};

}  // namespace farm::app
