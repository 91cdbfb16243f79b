// One request and its response, as an endpoint's handler sees them. A handler reads the body if it
// wants it, then answers exactly once. Lives on one network thread; never touch it from another.
//
// An Error from read_body() or a send means that the connection is beyond repair (gone, timed out,
// malformed, over a bound): return, the connection has answered what can still be answered.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "io/task.h"
#include "net/keep.h"
#include "net/request_head.h"
#include "net/response_head.h"

namespace farm::net {

class Connection;

// A response that lies ready in memory.
struct ReadyResponse {
  int status = 200;
  std::string_view status_line = {};  // with its CRLF; or it is the first of `head`
  std::string_view head;              // headers, each with its CRLF; no framing ones
  std::string_view more = {};         // further headers, copied
  ByteView body = {};
};

class Exchange {
 public:
  static constexpr std::size_t kMaxParams = 4;

  explicit Exchange(Connection& connection) : connection_(connection) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const RequestHead& request() const;
  // What stands in the path where the endpoint's pattern has its n-th {}.
  std::string_view param(std::size_t n) const { return params_[n]; }
  // 0 to threads-1: for state that each network thread has of its own.
  std::size_t thread_index() const;
  // The peer's address, e.g. "127.0.0.1:40312".
  std::string peer() const;

  // Body bytes as they come, at least one of `into` (not empty); 0 at the body's end. The first
  // call sends "100 Continue" where it is expected. kTooLarge beyond the endpoint's limit.
  io::Task<Result<std::size_t>> read_body(MutableByteView into);

  // The response's head: start it, add headers, then send. Framing headers (Content-Length,
  // Connection, Date) are added by send(). A HEAD request gets the head only, by itself.
  ResponseHead& head();

  // The whole response; `parts` (at most 14) stay alive until it returns.
  io::Task<Result<void>> send(std::span<const ByteView> parts);
  io::Task<Result<void>> send(ByteView body);
  io::Task<Result<void>> send(std::string_view body);

  // For Endpoint::at_once: the whole response by one system call. What the socket does not take is
  // copied, and sent when the handler has returned; so keep it to small bodies.
  void send_now(ByteView body);

  // The whole response by one system call, allocating and copying nothing but `more`. `keep` holds
  // head and body until all is sent. What the socket does not take is sent when the handler has
  // returned; of Endpoint::at_once, all of it is. Nothing but framing headers is added.
  void send_ready(const ReadyResponse& response, Keep keep);

  // A response in pieces: exactly `length` bytes by write().
  io::Task<Result<void>> begin(std::uint64_t length);
  // The same with a head that lies ready (its body is not looked at). Without `length`: as many
  // bytes as come until end(), in chunks, or to HTTP/1.0 until the connection ends.
  io::Task<Result<void>> begin_ready(const ReadyResponse& response,
                                     std::optional<std::uint64_t> length);
  io::Task<Result<void>> write(ByteView piece);
  // Of a response without length: this was all of it. Without it the client sees it cut short.
  io::Task<Result<void>> end();
  // An interim response (1xx) before the response; `lines` are its headers. Nothing to HTTP/1.0.
  io::Task<Result<void>> send_interim(int status, std::string_view lines);
  // False after begin() of a HEAD: nothing is to be written.
  bool wants_body() const { return request().method != Method::kHead; }

  // A problem+json answer. `extra` are further header lines, each with its CRLF.
  io::Task<Result<void>> send_problem(int status, std::string detail, std::string_view extra = {});

  // Header lines, each with its CRLF, for whichever response is sent but for ready ones.
  void annotate(std::string lines);

  // Ends the connection after this response.
  void close_after();

 private:
  friend class Connection;
  Connection& connection_;
  std::array<std::string_view, kMaxParams> params_;
};

}  // namespace farm::net
