// Which keys unsafe requests have changed lately, so that what was asked for before such a change
// and comes after it is not kept (RFC 9111 section 4.4). Purges have a log of their own
// (cache/purge_log.h). Bounded: who asks about more than the last kMost changes is told "changed".
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace farm::roles {

class RecentChanges {
 public:
  static constexpr std::size_t kMost = 4096;

  // The number of the newest change: what a request to an origin takes along.
  std::uint64_t mark() const { return last_.load(std::memory_order_acquire); }
  void note(std::string_view key);
  // Whether the key has changed since mark() was that.
  bool changed(std::string_view key, std::uint64_t mark) const;

 private:
  mutable std::mutex mutex_;  // guards what follows, but for reads of last_
  std::atomic<std::uint64_t> last_{0};
  std::deque<std::string> keys_;                           // of the last changes, the newest behind
  std::unordered_map<std::string, std::uint64_t> newest_;  // of each of these keys
};

}  // namespace farm::roles
