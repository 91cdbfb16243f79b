// Purges of this process: noted in the log, done to what is in memory here, and told to every edge.
//
//   const Purger::Begun begun = purger.begin(purges);      // durable; waits for a disk
//   const PurgeReceipt receipt = purger.await(begun.id);   // who has heard; waits for the network
//
// Edges that have not heard in time are told later, for as long as it takes (purge_pusher.h). The
// other way round, it follows the logs of other processes (purge_source.h).
// Thread-safe. Call what waits from a thread that may.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>

#include "base/photo_id.h"
#include "roles/purge/purge_follower.h"
#include "roles/purge/purge_pusher.h"
#include "roles/purge/purge_receipts.h"
#include "roles/purge/purge_source.h"
#include "roles/services.h"

namespace farm::roles {

class Purger {
 public:
  // At most `max_waiting` threads wait in await() at once; others get what is known so far.
  // `memory` may be null. References outlive this.
  Purger(const PurgeConfig& config, cache::PurgeLog& log, cache::MemoryTier* memory,
         std::size_t max_waiting);
  ~Purger() { stop(); }
  Purger(const Purger&) = delete;
  Purger& operator=(const Purger&) = delete;

  // Is called after every purge, from here or elsewhere, once it counts. Before start().
  void set_listener(std::function<void()> listener);

  void start();
  // Its threads end; what edges have not heard, they hear after the next start.
  void stop();

  // The purges count here when it returns, and are on their way, even if they could not be made
  // durable; then edges hear of them when they are. At least one, good by check_purge().
  struct Begun {
    std::uint64_t id = 0;
    Result<void> durable;
  };
  Begun begin(std::span<const cache::Purge> purges);
  // All that shows this photo; the receipt's id.
  std::uint64_t begin_photo(PhotoId id);

  // kNotFound if there is no such receipt (any more).
  Result<PurgeReceipt> await(std::uint64_t id);
  Result<PurgeReceipt> receipt(std::uint64_t id) const;

  // Whether all that other processes purged before the start is known. Until then what is in a
  // cache must not be used unasked.
  bool ready() const;

  cache::PurgePage page(std::uint64_t after, std::size_t max_purges) const;
  PurgeFollower& follower() { return follower_; }
  const cache::PurgeLog& log() const { return log_; }
  void collect(obs::Samples& out) const;

 private:
  cache::PurgeLog& log_;
  cache::MemoryTier* const memory_;
  const std::chrono::milliseconds wait_;
  PurgeFollower follower_;
  PurgeReceipts receipts_;
  std::vector<std::unique_ptr<PurgePusher>> pushers_;
  std::vector<std::unique_ptr<PurgeSource>> sources_;
  std::function<void()> listener_;
  mutable std::atomic<bool> ready_{false};
  const std::size_t max_waiting_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> purges_{0};
  std::atomic<std::uint64_t> memory_objects_{0};
};

// Gives the edges the time that they have to hear of a photo's change; for 0 there is none.
void await_purge(const Services& services, std::uint64_t id);

}  // namespace farm::roles
