// One client connection: reads requests, finds their endpoint, answers, within the deadlines of
// Config. Internal to net: handlers see an Exchange. Lives on one network thread.
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "net/client_socket.h"
#include "net/config.h"
#include "net/endpoints.h"
#include "net/pieces.h"
#include "net/request_parser.h"
#include "net/thread.h"
#include "obs/request_stats.h"

namespace farm::net {

// What all connections of a server share; outlives them.
struct ServerShared {
  Config config;
  EndpointTable endpoints;
  std::unique_ptr<obs::RequestStats> stats;
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint64_t> refused{0};
};

class Connection final : public Supervised, private ClientSocket::StandIn {
 public:
  Connection(NetThread& thread, ServerShared& shared, Fd socket);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Serves until the connection ends.
  static io::Task<void> run(std::unique_ptr<Connection> self);

  void check(std::int64_t now_ms, bool stopping) override;

 private:
  friend class Exchange;
  using Steady = std::chrono::steady_clock;
  static constexpr std::uint64_t kUnknownLength = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // What has to be waited for next.
  enum class Next : std::uint8_t { kRead, kPause, kReject, kHandle, kEnd };

  // Requests. What can be answered at once is, without the coroutine: it sleeps on.
  bool serves() override;
  void go_on();
  bool take_request();
  void make_room();
  io::Task<void> give_up_waiting();
  io::Task<void> reject(Rejection why);
  io::Task<void> handle();
  EndpointTable::Match find_endpoint(Exchange& exchange);
  bool answer_at_once();
  io::Task<void> dispatch_safely(Exchange& exchange, EndpointTable::Match match);
  io::Task<void> dispatch(Exchange& exchange, EndpointTable::Match match);
  io::Task<void> finish_body();
  void record(Steady::time_point now);
  bool prepare_next_request(std::int64_t now_ms);
  io::Task<void> linger();
  bool can_skip_rest() const;

  // Deadlines.
  void arm(std::int64_t deadline_ms);
  void begin_wait();
  void end_wait();
  void regain_patience(std::uint64_t moved_bytes);

  // Bytes in.
  io::Task<std::size_t> receive(MutableByteView into);  // 0: closed, failed or past the deadline
  io::Task<Result<std::size_t>> read_body(MutableByteView into);
  io::Task<Result<std::size_t>> read_sized(MutableByteView into);
  io::Task<Result<std::size_t>> read_chunked(MutableByteView into);
  io::Task<Result<std::size_t>> body_failed(Rejection why, ErrorCode code);
  io::Task<std::size_t> receive_body(MutableByteView into);
  io::Task<Result<std::size_t>> body_stopped();
  io::Task<Result<void>> send_continue();

  // Bytes out.
  Result<void> finish_head(std::optional<std::uint64_t> body_bytes);
  Result<void> finish_ready_head(const ReadyResponse& response,
                                 std::optional<std::uint64_t> body_bytes);
  Result<void> add_framing(std::optional<std::uint64_t> body_bytes);
  bool sends_body() const;
  io::Task<Result<void>> flush(Pieces& pieces);
  io::Task<Result<void>> send(std::span<const ByteView> parts);
  void send_now(ByteView body);
  void send_ready(const ReadyResponse& response, Keep keep);
  // By one system call; what the socket does not take stays where it is. Inline, like
  // send_unsent(): see take_request().
  void send_at_once(Pieces& pieces) {
    const ssize_t sent = pieces.send(socket_.native_handle());
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) broken_ = true;
  }
  void send_unsent() {
    send_at_once(unsent_.pieces);
    if (unsent_.empty() || broken_) unsent_.clear();
  }
  io::Task<Result<void>> send_rest();
  io::Task<Result<void>> send_one(ByteView body);
  io::Task<Result<void>> begin(std::uint64_t length);
  io::Task<Result<void>> begin_ready(const ReadyResponse& response,
                                     std::optional<std::uint64_t> length);
  io::Task<Result<void>> begin_body(std::string_view status_line, std::string_view ready_head,
                                    std::optional<std::uint64_t> length);
  io::Task<Result<void>> write(ByteView piece);
  io::Task<Result<void>> write_chunk(ByteView piece);
  io::Task<Result<void>> end();
  io::Task<Result<void>> send_interim(int status, std::string_view lines);
  io::Task<Result<void>> send_problem(int status, std::string detail, std::string_view extra);
  Result<void> failed_to_send();
  Result<void> may_respond();

  // What has come and is not used yet: buffer_[start_, end_).
  ByteView pending() const { return ByteView(buffer_).subspan(start_, end_ - start_); }

  NetThread& thread_;
  ServerShared& shared_;
  ClientSocket socket_;
  RequestParser parser_;
  Bytes buffer_;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  Bytes chunk_buffer_;  // raw bytes of a chunked body: the head's views stay in buffer_
  std::size_t chunk_start_ = 0;
  std::size_t chunk_end_ = 0;

  Next next_ = Next::kRead;
  std::int64_t deadline_ms_ = kNever;
  std::int64_t wait_deadline_ms_;  // for a request, or the rest of its head
  std::int64_t wait_began_ms_ = 0;
  std::int64_t patience_ms_ = 0;  // how much longer the current body may keep us waiting
  bool idle_ = true;              // between requests
  bool expired_ = false;
  bool close_ = false;   // after this response
  bool broken_ = false;  // nothing more can be sent

  // Of the current request.
  Steady::time_point started_;
  std::size_t route_ = 0;
  std::uint64_t max_body_bytes_ = 0;
  std::uint64_t body_read_ = 0;
  bool body_begun_ = false;
  bool body_done_ = false;
  bool responded_ = false;
  std::uint64_t body_sent_ = 0;
  // Announced by begin(), still to be written; without a length: anything, until end().
  std::uint64_t body_left_ = 0;
  bool chunked_ = false;    // the response goes in chunks
  bool at_once_ = false;    // send_ready() leaves its system call to take_request()
  Unsent unsent_;           // of send_now() and send_ready()
  std::string annotation_;  // further headers of the response
  ByteView only_part_;      // of send_one()
  ResponseHead head_;
};

}  // namespace farm::net
