// Tells the client sockets of a network thread when there is something to read and when there is
// room to write: an epoll set of their own, edge-triggered, within the thread's event loop.
//
// Asio's sockets would do, but try to read once more after each request before they wait: a system
// call in vain, a twentieth of a hit. Here a read that was given less than it had room for has
// taken all there is (epoll(7), "questions and answers", 9), and each socket is told to the kernel
// once in its life.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>

#include "net/waiter.h"

namespace farm::net {

// What is watched. On the thread of its Poller.
class Watched : public boost::intrusive::list_base_hook<
                    boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  // EPOLLIN and so on. It may destroy itself and others.
  virtual void ready(std::uint32_t events) = 0;
  // Gives away what waits for it, for good.
  virtual Waiter abandon() = 0;

 protected:
  ~Watched() = default;
};

class Poller {
 public:
  // On the thread of `context`, or before it runs.
  explicit Poller(boost::asio::io_context& context);
  // `context` runs no more. The coroutines that wait go with it, or with `context`; what is watched
  // may outlive this.
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // From now on, until forget(). False, and said in the log, if the kernel does not want to.
  bool watch(int socket, Watched& watched);
  // Before the socket is closed, which need not take it out: a child that was just forked off may
  // have it as well.
  void forget(int socket, Watched& watched);

  boost::asio::io_context::executor_type executor() { return descriptor_.get_executor(); }

 private:
  using Descriptor =
      boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  void wait();
  void take_turn();
  std::size_t take_events();

  Descriptor descriptor_;  // the epoll set, which can itself be waited for
  boost::intrusive::list<Watched, boost::intrusive::constant_time_size<false>> all_;
  std::span<epoll_event> untold_;  // of the events taken last
};

}  // namespace farm::net
