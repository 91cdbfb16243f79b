// A network thread: an event loop, the connections it serves, a clock tick that ends those which
// are past their deadline. Everything but start(), stop() and join() happens on its own thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include "net/config.h"
#include "net/poller.h"

namespace farm::net {

// Milliseconds of the monotonic clock, at most a tick of the kernel old (1 to 10 ms): for
// deadlines.
std::int64_t monotonic_ms();

// What has a deadline: linked into its thread's list for as long as it lives.
class Supervised : public boost::intrusive::list_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual ~Supervised() = default;
  // Called at every tick. `stopping`: end as soon as nothing runs.
  virtual void check(std::int64_t now_ms, bool stopping) = 0;
};

class NetThread {
 public:
  // `busy_threads`, of the server, outlives it: how many threads may have connections still.
  NetThread(std::size_t index, const Config& config, std::atomic<std::size_t>& busy_threads);
  NetThread(const NetThread&) = delete;
  NetThread& operator=(const NetThread&) = delete;

  void start();
  // From any thread: connections end when what they do is done, at the latest after stop_grace;
  // when those of all threads have, the loop ends. Until then it goes on: what another thread's
  // connections wait for may run here.
  void stop();
  void join();

  std::size_t index() const { return index_; }
  boost::asio::io_context& context() { return context_; }
  Poller& poller() { return poller_; }
  bool stopping() const { return stopping_; }
  void supervise(Supervised& item) { supervised_[joined_++ % kSlices].push_back(item); }

  // "Date: Sun, 22 Nov 2026 02:19:00 GMT\r\n", at most a tick old.
  std::string_view date_line() const { return {date_line_.data(), date_line_.size()}; }

 private:
  static constexpr std::size_t kDateLineBytes = 37;
  static constexpr int kSlices = 16;
  using Slice = boost::intrusive::list<Supervised, boost::intrusive::constant_time_size<false>>;

  void begin_stop();
  void tick();
  void check(Slice& slice, std::int64_t now_ms);
  bool supervises_nothing() const;
  void schedule_tick();

  const std::size_t index_;
  const Config& config_;
  std::atomic<std::size_t>& busy_threads_;
  boost::asio::io_context context_{1};
  Poller poller_{context_};
  boost::asio::steady_timer timer_{context_};
  // A slice is looked at in each tick, so that ten thousand connections hold nobody up.
  std::array<Slice, kSlices> supervised_;
  unsigned joined_ = 0;
  unsigned turn_ = 0;
  bool stopping_ = false;
  bool counts_as_busy_ = true;
  std::int64_t stop_deadline_ms_ = 0;
  std::array<char, kDateLineBytes> date_line_;
  std::thread thread_;
};

}  // namespace farm::net
