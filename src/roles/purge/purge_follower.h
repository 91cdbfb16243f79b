// Applies what other processes purged: to the own log, and to what is in memory. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include "cache/memory_tier.h"
#include "cache/purge_log.h"

namespace farm::roles {

class PurgeFollower {
 public:
  // `memory` may be null. Both outlive this.
  PurgeFollower(cache::PurgeLog& log, cache::MemoryTier* memory) : log_(log), memory_(memory) {}

  // Is called after every purge, once it counts. Before the first.
  void set_listener(std::function<void()> listener) { listener_ = std::move(listener); }

  // Up to where the page's log is known now. Less than page.after: there are purges in between, the
  // page was not looked at, and the right one begins there. If that log has forgotten some that
  // were not known here, everything is purged. An Error if it could not be made durable; what the
  // page says counts nevertheless. kConflict if it is of this very process.
  Result<std::uint64_t> apply(const cache::PurgePage& page);

  std::uint64_t known(const cache::PurgeLogId& log) const { return log_.followed(log); }
  std::uint64_t purges() const { return purges_; }
  // How often everything was purged, for what had been forgotten.
  std::uint64_t resets() const { return resets_; }

 private:
  cache::PurgeLog& log_;
  cache::MemoryTier* const memory_;
  std::function<void()> listener_;
  std::mutex mutex_;
  std::atomic<std::uint64_t> purges_{0};
  std::atomic<std::uint64_t> resets_{0};
};

}  // namespace farm::roles
