// A named group of servers that stand in for one another. Thread-safe; no locks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "route/config.h"

namespace farm::route {

class Pool {
 public:
  using Steady = std::chrono::steady_clock;

  explicit Pool(PoolConfig config);  // with at least one server
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Round-robin: the index of the next server in turn, below size(). Those that failed within
  // retry_after are passed over while others are left; if none is, the next in turn is tried all
  // the same.
  std::size_t next(Steady::time_point now = Steady::now());
  // How an attempt at server(i) ended: that it could not be reached, or did not answer.
  void failed(std::size_t i, Steady::time_point now = Steady::now());
  void succeeded(std::size_t i);

  const std::string& name() const { return config_.name; }
  std::size_t size() const { return config_.servers.size(); }
  const ServerAddress& server(std::size_t i) const { return config_.servers[i]; }
  // What to send as Host to server(i).
  const std::string& host(std::size_t i) const { return hosts_[i]; }
  // Zero: not told.
  std::chrono::milliseconds connect_timeout() const { return config_.connect_timeout; }
  std::chrono::milliseconds head_timeout() const { return config_.head_timeout; }

  // Servers that are not passed over.
  std::size_t good(Steady::time_point now = Steady::now()) const;

 private:
  // Nanoseconds of the steady clock until which it is passed over; 0: it is good.
  struct alignas(64) State {
    std::atomic<std::int64_t> failed_until{0};
  };
  bool is_good(std::size_t i, Steady::time_point now) const;

  const PoolConfig config_;
  std::vector<std::string> hosts_;
  std::unique_ptr<State[]> states_;
  alignas(64) std::atomic<std::uint64_t> turn_{0};
};

}  // namespace farm::route
