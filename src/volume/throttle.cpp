#include "volume/throttle.h"

#include <algorithm>

namespace farm::volume {

bool Throttle::pace(std::uint64_t bytes) {
  std::unique_lock lock(mutex_);
  if (rate_ == kUnbounded) return !stopped_;
  const auto took =
      std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(rate_));
  next_ =
      std::max(next_, Clock::now() - kBurst) + std::chrono::duration_cast<Clock::duration>(took);
  wake_.wait_until(lock, next_, [this] { return stopped_; });
  return !stopped_;
}

void Throttle::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
}

bool Throttle::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace farm::volume
