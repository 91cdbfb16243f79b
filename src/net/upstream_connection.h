// One connection to another server: a socket whose every wait has a deadline. Internal to net;
// lives on one network thread.
#pragma once

#include <limits>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "base/bytes.h"
#include "io/task.h"
#include "net/host_lookup.h"
#include "net/pieces.h"
#include "net/thread.h"
#include "net/upstream.h"

namespace farm::net {

class UpstreamConnection final : public Supervised {
 public:
  // `config` outlives it; `peer` names the server in errors.
  UpstreamConnection(io::Executor executor, const UpstreamConfig& config, std::string peer);
  ~UpstreamConnection() override;
  UpstreamConnection(const UpstreamConnection&) = delete;
  UpstreamConnection& operator=(const UpstreamConnection&) = delete;

  // kUnavailable; kTimeout. Each address gets its share of the time that is left.
  io::Task<Result<void>> connect(HostLookup::Addresses addresses, std::uint16_t port,
                                 std::chrono::milliseconds timeout);

  // Nothing has come that nobody asked for, not even the connection's end.
  bool is_quiet();

  // Gives the body that begins all of transfer_grace.
  void begin_transfer() { patience_ms_ = config_.transfer_grace.count(); }

  enum class Wrote { kAll, kReadable };
  // Within the patience of the transfer. With `watch`, kReadable as soon as there is something to
  // be read while the server takes no more. kClosed, kTimeout.
  io::Task<Result<Wrote>> write(Pieces& pieces, bool watch);

  // Some bytes; 0 at the server's orderly end. kClosed (reset), kTimeout.
  io::Task<Result<std::size_t>> read_by(MutableByteView into, std::int64_t deadline_ms);
  io::Task<Result<std::size_t>> read(MutableByteView into);  // within the patience of the transfer
  // Without waiting: negative if nothing is there, 0 at the end.
  ssize_t read_now(MutableByteView into);

  // Closes by a reset: else the kernel would keep what the server does not take.
  void reset();

  const std::string& peer() const { return peer_; }

  void check(std::int64_t now_ms, bool stopping) override;

 private:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, io::Executor>;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // Outlives the connection, for a wait that does.
  struct Watch {
    UpstreamConnection* connection = nullptr;
    bool waiting = false;
  };
  void watch_for_input();
  void input_came();

  void arm(std::int64_t deadline_ms);
  void begin_wait();
  void end_wait();
  void regain_patience(std::size_t moved_bytes);
  Error read_error(const boost::system::error_code& error) const;

  const UpstreamConfig& config_;
  const std::string peer_;
  Socket socket_;
  std::int64_t deadline_ms_ = kNever;
  std::int64_t wait_began_ms_ = 0;
  std::int64_t patience_ms_ = 0;
  bool expired_ = false;
  bool writing_ = false;   // a write waits until the server takes more
  bool readable_ = false;  // found while it did
  std::shared_ptr<Watch> watch_;
};

}  // namespace farm::net
