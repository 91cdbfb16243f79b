// Time behind a seam, so that tests can hold it. Wall time is milliseconds since 1970 (UTC).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace farm {

using Millis = std::int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Millis now_ms() const = 0;  // thread-safe
  // Up to kCoarseMs behind it, for a fraction of the time: for what is reckoned in seconds.
  static constexpr Millis kCoarseMs = 10;
  virtual Millis coarse_now_ms() const { return now_ms(); }
};

class SystemClock final : public Clock {
 public:
  Millis now_ms() const override;
  Millis coarse_now_ms() const override;
};

// Stands still until told otherwise. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Millis start_ms) : now_ms_(start_ms) {}
  Millis now_ms() const override { return now_ms_.load(); }
  void advance(Millis by_ms) { now_ms_ += by_ms; }
  void set(Millis to_ms) { now_ms_ = to_ms; }

 private:
  std::atomic<Millis> now_ms_;
};

// "2026-11-22T02:19:00Z" (RFC 3339, seconds, UTC).
std::string format_rfc3339(Millis wall_ms);

}  // namespace farm
