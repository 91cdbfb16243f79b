// Bounds how fast background work reads and writes, and lets it be stopped while it waits.
// Thread-safe; one user at a time makes sense.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace farm::volume {

class Throttle {
 public:
  explicit Throttle(std::uint64_t bytes_per_second = kUnbounded) : rate_(bytes_per_second) {}
  static constexpr std::uint64_t kUnbounded = 0;

  // To be called with what was just read and written. Waits until that much is allowed again;
  // false once it was stopped.
  bool pace(std::uint64_t bytes);
  void stop();
  bool stopped() const;

 private:
  using Clock = std::chrono::steady_clock;
  // Work that was idle may catch up no more than this.
  static constexpr std::chrono::milliseconds kBurst{100};

  const std::uint64_t rate_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Clock::time_point next_ = Clock::now();  // when more is allowed
  bool stopped_ = false;
};

}  // namespace farm::volume
