#include "volume/read_epoch.h"

#include <chrono>
#include <thread>

namespace farm::volume {

std::size_t ReadEpoch::next_lane() {
  static std::atomic<std::size_t> next{0};
  return next.fetch_add(1, std::memory_order_relaxed) % kLanes;
}

// Twice, as a reader may have read the turn long before it adds to its counter: then it is found by
// the second wait.
void ReadEpoch::synchronize() {
  const std::lock_guard lock(mutex_);
  for (int round = 0; round < 2; ++round) wait_for(turn_.fetch_add(1));
}

void ReadEpoch::wait_for(std::uint64_t turn) const {
  for (const Lane& lane : lanes_) {
    while (lane.readers[turn & 1U].load() != 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }
}

}  // namespace farm::volume
