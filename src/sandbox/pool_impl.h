// What a pool is made of. One slot a worker; callers take idle ones, the supervisor thread fills
// those that are empty. Everything here is behind one mutex, but for a busy worker, which is its
// caller's alone, and those that the supervisor starts and ends, which are its own.
#pragma once

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/pool.h"
#include "sandbox/process.h"

namespace farm::sandbox {

class Pool::Impl {
 public:
  using Steady = std::chrono::steady_clock;

  explicit Impl(Config config);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> open();
  Result<Done> run(std::span<const ByteView> request, const Limits& limits);
  Level level() const;
  void collect(obs::Samples& out) const;

 private:
  enum class State { kEmpty, kStarting, kIdle, kBusy, kUsedUp };
  struct Slot {
    State state = State::kEmpty;
    std::unique_ptr<Process> process;
    std::uint32_t jobs_allowed = 0;
    std::uint32_t failed_starts = 0;  // in a row
    Steady::time_point not_before{};  // when it may be started (again)
    Steady::time_point ready_by{};    // while it starts
  };

  // Callers.
  Result<std::size_t> check_out();
  void give_back(std::size_t index, const std::optional<Death>& death, bool grown);

  // The supervisor.
  void supervise();
  void tidy_up();  // ends what is used up, starts what is missing
  void end_used_up(std::size_t index, std::unique_lock<std::mutex>& lock);
  void start_worker(std::size_t index, std::unique_lock<std::mutex>& lock);
  void started(std::size_t index, pid_t pid);  // its socket became readable
  void start_failed(std::size_t index, Error error);
  void ended(std::size_t index, pid_t pid);  // its pid fd became readable
  void await_events();
  std::chrono::milliseconds next_deadline() const;
  void watch(std::size_t index, const Process& process);
  void wake();
  std::uint32_t jittered_jobs();

  const Config config_;
  Fd events_;  // epoll
  Fd wake_;    // eventfd

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> idle_;  // the last one back is the first to go: its caches are warm
  std::optional<Level> level_;
  std::optional<Error> start_error_;  // of the last start, if it failed
  std::array<std::uint64_t, kDeaths> deaths_{};
  std::uint64_t starts_ = 0;
  std::uint64_t recycled_ = 0;
  std::uint64_t jobs_ = 0;
  std::uint64_t seed_ = 0;
  bool stopping_ = false;
  std::thread supervisor_;
};

}  // namespace farm::sandbox
