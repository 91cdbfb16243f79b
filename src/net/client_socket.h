// The socket of a client's connection: reads and waits for it, never blocks. Used on the thread of
// its Poller only.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/async_result.hpp>

#include "base/bytes.h"
#include "base/fd.h"
#include "io/task.h"
#include "net/poller.h"
#include "net/system_calls.h"

namespace farm::net {

class ClientSocket final : private Watched {
 public:
  // Serves in place of the coroutine that waits, which costs more to wake than a short answer.
  class StandIn {
   public:
    // There is something to read. True: what can be done is done, the coroutine sleeps on. It may
    // not throw, nor close or destroy the socket or end its wait.
    virtual bool serves() = 0;

   protected:
    ~StandIn() = default;
  };

  // `poller` outlives its use. `socket` is connected and does not block. One that cannot be watched
  // is closed: it reads as ended.
  ClientSocket(Poller& poller, Fd socket);
  ~ClientSocket() { close(); }
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  // At most one recv into `into` (not empty): what came, 0 at the end or if the connection failed;
  // nothing if there is nothing yet, or if it is the others' turn.
  std::optional<std::size_t> try_read(MutableByteView into);

  // Until it is worth trying again; false: cancelled. A write is only worth waiting for when the
  // kernel has refused one. One wait at a time. `stand_in` lives as long.
  io::Task<bool> readable(StandIn* stand_in = nullptr) { return wait(EPOLLIN, stand_in); }
  io::Task<bool> writable() { return wait(EPOLLOUT, nullptr); }
  // Ends the wait, if there is one, soon; not one that is about to end by itself.
  void cancel();

  int native_handle() const { return socket_.get(); }
  // "127.0.0.1:40312"; "gone" if it has left.
  std::string peer() const;

  void shut_down_sending();
  void close();
  // Closes it so that what the client did not take is dropped, and the client sees that.
  void reset();

 private:
  static constexpr unsigned kMostReadsInARow = 4;

  void ready(std::uint32_t events) override;
  Waiter abandon() override { return std::move(waiter_); }

  io::Task<bool> wait(std::uint32_t events, StandIn* stand_in) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<io::Executor>,
                                       void(bool)>(Start{this}, io::use_task, events, stand_in);
  }
  struct Start {
    ClientSocket* socket;
    template <class Handler>
    void operator()(Handler&& handler, std::uint32_t events, StandIn* stand_in) const {
      socket->start(Waiter(std::forward<Handler>(handler)), events, stand_in);
    }
  };
  void start(Waiter waiter, std::uint32_t events, StandIn* stand_in);
  void wake_soon();

  Poller& poller_;
  Fd socket_;
  bool unread_ = false;  // there may be something to read
  bool ended_ = false;   // the client has closed its side, or more: try again after a short read
  unsigned reads_in_a_row_ = 0;
  std::uint32_t waits_for_ = 0;
  Waiter waiter_;
  StandIn* stand_in_ = nullptr;  // of the waiter
};

// Inline: see Connection::take_request().
inline std::optional<std::size_t> ClientSocket::try_read(MutableByteView into) {
  if (!socket_) return 0;
  if (!unread_ || ++reads_in_a_row_ > kMostReadsInARow) return {};
  const ssize_t count = system_calls::receive(socket_.get(), into, MSG_DONTWAIT);
  if (count < 0 && errno == EINTR) return {};  // still unread
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    unread_ = false;
    return {};
  }
  if (count <= 0) return 0;
  const auto got = static_cast<std::size_t>(count);
  // Less than there was room for is all there was; the end may have come with it. (But for urgent
  // data, at which recv stops as well: who sends that here waits for more of his own, or in vain.)
  unread_ = got == into.size() || ended_;
  return got;
}

}  // namespace farm::net
