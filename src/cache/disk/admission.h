// Which objects a disk takes: those that were asked for a second time, as long as the budget of
// bytes a second that may be written holds. Its owner locks it.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "cache/ghost.h"

namespace farm::cache {

enum class Verdict : std::uint8_t {
  kTake,
  kTooLarge,
  kFirstRequest,  // remembered: the next time it is taken
  kOverBudget,
};

// How many hashes a disk of that size remembers of objects that were asked for once: as many as
// objects of 32 KiB would fit.
std::uint64_t remembered_for(std::uint64_t disk_bytes);

class Admission {
 public:
  struct Options {
    std::uint64_t object_max_bytes = 0;  // of head and body; 0: no bound
    std::uint64_t write_budget = 0;      // bytes a second; 0: no bound
    std::uint64_t remembered = 0;        // hashes of those that were asked for once
  };
  explicit Admission(const Options& options);

  // `bytes`: what would be written. `asked_before`: as the caller knows; else what is remembered
  // here counts.
  Verdict judge(std::uint64_t hash, std::uint64_t content_bytes, std::uint64_t bytes,
                bool asked_before, Millis now_ms);
  // Takes so much from the budget that was written for other reasons; false if it is used up.
  bool spend(std::uint64_t bytes, Millis now_ms);

  std::uint64_t memory_bytes() const { return seen_.memory_bytes(); }

 private:
  const Options options_;
  Ghost seen_;
  // What may be written now: it grows by the budget up to a second's worth, and may fall below 0 by
  // one object.
  std::int64_t allowance_;
  Millis counted_until_ms_ = 0;
};

}  // namespace farm::cache
