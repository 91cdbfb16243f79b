// The HTTP side of serving one size: its headers, conditional requests and ranges (RFC 9110
// sections 13 and 14), whether its bytes are in memory or come piece by piece.
#pragma once

#include <string>

#include "base/photo_id.h"
#include "net/byte_range.h"
#include "net/exchange.h"
#include "photo/size_code.h"

namespace farm::roles {

struct SizeFacts {
  PhotoId id;
  photo::Format format;
  std::uint64_t length = 0;
  std::uint64_t fingerprint = 0;  // of the bytes: makes the ETag
  Millis changed_ms = 0;          // Last-Modified
  bool varies = false;            // by Accept: what caches must know
};

// How long caches may keep a size: for ever, for its URL changes with its bytes.
inline constexpr Millis kSizeLifetimeMs = Millis{31'536'000} * 1000;

// Status line and headers of a size, each with its CRLF, as of `date_ms`; without framing headers.
std::string size_head(const SizeFacts& facts, Millis date_ms);

// Takes in what was sent whole, to answer the next time.
class SizeKeeper {
 public:
  virtual ~SizeKeeper() = default;
  // To be asked for before the bytes are read: what is purged after that is not kept.
  virtual std::uint64_t mark() const = 0;
  // `bytes` is all of it, checked. Called on the exchange's thread, after it was answered.
  virtual void keep(const net::Exchange& exchange, const SizeFacts& facts, ByteView bytes,
                    std::uint64_t mark) = 0;
};

// Gives bytes [first, first + out.size()) of a size, or fewer (at least one), as a view that stays
// good until the next call.
class SizeSource {
 public:
  virtual ~SizeSource() = default;
  virtual io::Task<Result<ByteView>> read(std::uint64_t first) = 0;
};

// The whole size by Exchange::send_now(). False, with nothing sent, if the request wants something
// else (a range, an unmet condition): then send_size() answers.
bool send_size_now(net::Exchange& exchange, const SizeFacts& facts, ByteView bytes);

// All bytes in memory: one send.
io::Task<void> send_size(net::Exchange& exchange, SizeFacts facts, ByteView bytes);

// Bytes from `source` as the client takes them.
io::Task<void> stream_size(net::Exchange& exchange, SizeFacts facts, SizeSource& source);

}  // namespace farm::roles
