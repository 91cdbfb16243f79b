// A lock for a few nanoseconds' work: one exchange to take it, one to give it back, no call. Who
// finds it taken sleeps until it is free. For std::lock_guard.
#pragma once

#include <atomic>

namespace farm {

class ShardLock {
 public:
  void lock() {
    if (!taken_.exchange(true, std::memory_order_acquire)) return;
    waiting_.fetch_add(1);
    while (taken_.exchange(true)) taken_.wait(true);
    waiting_.fetch_sub(1);
  }
  bool try_lock() { return !taken_.exchange(true, std::memory_order_acquire); }
  void unlock() {
    // One order for all four: who waits is seen here, or sees that it is free.
    taken_.exchange(false);
    if (waiting_.load() != 0) taken_.notify_one();
  }

 private:
  std::atomic<bool> taken_{false};
  std::atomic<unsigned> waiting_{0};
};

}  // namespace farm
