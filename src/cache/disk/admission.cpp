#include "cache/disk/admission.h"

#include <algorithm>

namespace farm::cache {

std::uint64_t remembered_for(std::uint64_t disk_bytes) {
  constexpr std::uint64_t kBytesEach = 32 << 10;
  constexpr std::uint64_t kLeast = 4096;
  return std::max(kLeast, disk_bytes / kBytesEach);
}

Admission::Admission(const Options& options)
    : options_(options), allowance_(static_cast<std::int64_t>(options.write_budget)) {
  seen_.set_limit(options.remembered);
}

Verdict Admission::judge(std::uint64_t hash, std::uint64_t content_bytes, std::uint64_t bytes,
                         bool asked_before, Millis now_ms) {
  if (options_.object_max_bytes != 0 && content_bytes > options_.object_max_bytes) {
    return Verdict::kTooLarge;
  }
  const bool seen = seen_.take(hash);
  if (!seen && !asked_before) {
    seen_.add(hash);
    return Verdict::kFirstRequest;
  }
  if (spend(bytes, now_ms)) return Verdict::kTake;
  seen_.add(hash);  // it need not be asked for twice once more
  return Verdict::kOverBudget;
}

bool Admission::spend(std::uint64_t bytes, Millis now_ms) {
  if (options_.write_budget == 0) return true;
  const auto most = static_cast<std::int64_t>(options_.write_budget);
  // Clocks may be set back, and what is over a second counts no more.
  const Millis passed_ms = std::clamp<Millis>(now_ms - counted_until_ms_, 0, 1000);
  counted_until_ms_ = now_ms;
  allowance_ =
      std::min(most, allowance_ + most / 1000 * passed_ms + most % 1000 * passed_ms / 1000);
  if (allowance_ <= 0) return false;
  allowance_ -= static_cast<std::int64_t>(bytes);
  return true;
}

}  // namespace farm::cache
