// The memory that decoding may hold, all pictures under way together. Each is charged what it is
// estimated to take before it is decoded; one that does not fit now waits its turn for a bounded
// time. Smaller ones that fit go past it, but only so often: then all line up behind it, so that it
// comes to its turn when those that run are done.
//
// Thread-safe. take() is for coroutines of network threads and goes on there.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "base/result.h"
#include "io/task.h"

namespace farm::roles {

class PictureBudget {
 public:
  struct Limits {
    std::uint64_t total_bytes = 2ULL << 30;
    std::chrono::milliseconds max_wait{10'000};
    std::size_t max_waiting = 256;
    unsigned max_overtaken = 16;  // how often a waiting picture lets later ones pass
  };
  struct Stats {
    std::uint64_t used_bytes = 0;
    std::uint64_t waiting = 0;
    std::uint64_t waited = 0;   // ever: had to wait, and came to their turn
    std::uint64_t refused = 0;  // ever: for whom the wait or the queue was too long
  };

  explicit PictureBudget(const Limits& limits) : limits_(limits) {}
  PictureBudget(const PictureBudget&) = delete;
  PictureBudget& operator=(const PictureBudget&) = delete;

  // A part of the budget, given back when it is destroyed.
  class Share {
   public:
    Share(PictureBudget& budget, std::uint64_t bytes) : budget_(&budget), bytes_(bytes) {}
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
    Share& operator=(Share&&) = delete;
    ~Share() {
      if (budget_ != nullptr) budget_->give_back(bytes_);
    }

   private:
    PictureBudget* budget_;
    std::uint64_t bytes_;
  };

  // kTooLarge at once for more than the whole budget; kBusy when the queue is full, or the wait was
  // over before its turn.
  io::Task<Result<Share>> take(std::uint64_t bytes);

  // The same for threads that may block, behind all who wait by take(): for work that can wait.
  Result<Share> take_behind_others(std::uint64_t bytes);

  // Nobody who waits comes to a turn any more: before the network threads go.
  void close();

  Stats stats() const;

 private:
  struct Waiter;
  class Place;

  void give_back(std::uint64_t bytes);
  // With the lock held: gives to those that wait, in their order, as far as it goes.
  void serve_waiting();
  bool fits(std::uint64_t bytes) const { return bytes <= limits_.total_bytes - used_; }

  const Limits limits_;
  mutable std::mutex mutex_;
  std::uint64_t used_ = 0;
  std::list<std::shared_ptr<Waiter>> waiting_;  // in the order they came
  std::uint64_t waited_ = 0;
  std::uint64_t refused_ = 0;
  bool closed_ = false;
  std::condition_variable freed_;  // bytes may have come back, or it was closed
};

}  // namespace farm::roles
