// The proxy's side of HTTP/1.1: requests to other servers over pooled keep-alive connections, with
// bodies that stream both ways. Nothing is buffered whole, every wait has a deadline, and what two
// programs might read in two ways is refused (RFC 9112 sections 6.3 and 11).
//
// An Upstreams belongs to one network thread, as do its exchanges: nothing of them is thread-safe,
// but for the figures.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "config/document.h"
#include "io/task.h"
#include "net/request_head.h"

namespace farm::net {

// The [upstream] table. Times are milliseconds; bounds are those of one network thread.
struct UpstreamConfig {
  std::chrono::milliseconds connect_timeout{2'000};  // and as long again for looking up the name
  std::chrono::milliseconds head_timeout{30'000};    // from the request's last byte to the final
                                                     // answer's head
  // While a body moves, either way, the server may keep us waiting for transfer_grace in all; every
  // min_rate bytes that move win a second of it back, never beyond transfer_grace.
  std::chrono::milliseconds transfer_grace{30'000};
  std::uint64_t min_rate = 2 << 10;  // bytes a second
  std::chrono::milliseconds idle_timeout{30'000};
  std::uint32_t max_idle_per_server = 64;
  std::uint32_t max_open_per_server = 512;  // idle ones among them; more: kBusy
  std::uint64_t max_head_bytes = 64 << 10;  // of an answer, and of its trailers
};

// Keys: connect_timeout, head_timeout, transfer_grace, min_rate, idle_timeout, max_idle_per_server,
// max_open_per_server, max_head.
void read_config(config::Table table, UpstreamConfig& out);

struct UpstreamServer {
  std::string host;  // name or address, an IPv6 one without brackets
  std::uint16_t port = 80;
};

// The views are used until send() has returned.
struct UpstreamRequest {
  std::string_view method;  // a token; not CONNECT
  std::string_view target;  // as it is sent: "/path?query"
  // Complete lines, each with its CRLF: one Host among them; no Content-Length and no
  // Transfer-Encoding, which follow from what is below.
  std::string_view head_lines;
  std::optional<std::uint64_t> content_length;  // of the body that write_body() will give
  bool chunked = false;                         // there is a body, of a length not known yet
  // Of this request's server, in place of the config's; 0: the config's.
  std::chrono::milliseconds connect_timeout{0};
  std::chrono::milliseconds head_timeout{0};

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

// The views are good until the exchange ends, or read_head() is called again.
struct UpstreamHead {
  int status = 0;
  int minor_version = 1;    // of HTTP/1.x
  std::string_view reason;  // may be empty
  // As they came, framing and hop-by-hop ones among them; names are tokens, values trimmed and
  // without control characters but tabs.
  std::span<const HeaderView> headers;
  // What read_body() will give: 0 where there is no body, whatever Content-Length says (HEAD, 1xx,
  // 204, 304). Nothing: not known before it ends.
  std::optional<std::uint64_t> body_bytes;
};

// One request under way. Destroyed early it closes its connection; after a whole answer to a whole
// request it gives it back to be used again. An interface, so that tests and the origin of the same
// process can stand in. One call at a time.
//
// Errors: kTimeout; kClosed (the server left before its answer was whole); kCorrupt (no HTTP, or
// HTTP that two programs might read in two ways); kTooLarge (a head over its bound);
// kInvalidArgument (the body is not of the length that was told). After one nothing more comes.
class UpstreamExchange {
 public:
  virtual ~UpstreamExchange() = default;

  // `piece` stays alive until it returns. Ok also where the server has stopped reading: then it
  // has answered already, or read_head() tells what went wrong.
  virtual io::Task<Result<void>> write_body(ByteView piece) = 0;
  virtual io::Task<Result<void>> end_body() = 0;
  // False: what write_body() gets goes nowhere any more; go on with read_head().
  virtual bool takes_body() const { return true; }

  // Interim answers (1xx, never 101) as they come, then the final one. It may be called before the
  // body has been written, to wait for 100 Continue.
  virtual io::Task<Result<UpstreamHead>> read_head() = 0;
  // Some bytes of the final answer's body into `into` (not empty). 0: it has ended, and is whole.
  virtual io::Task<Result<std::size_t>> read_body(MutableByteView into) = 0;
};

// Readable from any thread.
struct UpstreamFigures {
  std::atomic<std::uint64_t> open{0};      // connections, idle ones among them
  std::atomic<std::uint64_t> idle{0};      // of these
  std::atomic<std::uint64_t> connects{0};  // connections made since the beginning
  std::atomic<std::uint64_t> reuses{0};    // requests sent over one that was there
  std::atomic<std::uint64_t> failures{0};  // requests that ended with an error
};

class UpstreamPool;

// The pooled connections of one network thread.
class Upstreams {
 public:
  Upstreams(io::Executor executor, UpstreamConfig config);
  // Exchanges that are under way go on.
  ~Upstreams();
  Upstreams(const Upstreams&) = delete;
  Upstreams& operator=(const Upstreams&) = delete;

  // Returns when the request's head has been sent. Besides an exchange's errors: kUnavailable
  // (cannot connect), kBusy (max_open_per_server), kInvalidArgument (a character or a field that
  // cannot be sent).
  //
  // A request without a body is sent once more, over a new connection, if a connection that was
  // used before turns out to be closed before any byte of the answer, and its method may be
  // repeated (RFC 9110 section 9.2.2).
  io::Task<Result<std::unique_ptr<UpstreamExchange>>> send(UpstreamServer server,
                                                           UpstreamRequest request);

  const UpstreamFigures& figures() const;

 private:
  std::shared_ptr<UpstreamPool> pool_;
};

}  // namespace farm::net
