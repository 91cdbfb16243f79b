// Learns what one other process purges, from a thread of its own: at the start all that was missed,
// and then what is new, every so often, so that a purge that could not be pushed comes in the end.
// Thread-safe.
#pragma once

#include <atomic>
#include <optional>

#include "obs/metrics.h"
#include "roles/purge/purge_follower.h"
#include "roles/purge/purge_peer.h"
#include "roles/purge/purge_thread.h"

namespace farm::roles {

class PurgeSource {
 public:
  // References outlive this.
  PurgeSource(const PurgeConfig& config, std::size_t place, PurgeFollower& follower);

  void start();
  void request_stop() { thread_.request_stop(); }
  void stop() { thread_.stop(); }
  // All that was purged there before this process started is known.
  bool caught_up() const { return caught_up_; }
  const std::string& url() const { return peer_.url(); }
  void collect(obs::Samples& out) const;

 private:
  PurgeThread::Sleep step();
  Result<void> catch_up();
  void report(const Result<void>& caught_up);

  PurgePeer peer_;
  PurgeFollower& follower_;
  const std::chrono::milliseconds poll_;
  Backoff backoff_;
  std::optional<cache::PurgeLogId> log_;  // the source's, once it answered
  bool failing_ = false;
  std::atomic<bool> caught_up_{false};
  std::atomic<std::uint64_t> failures_{0};
  PurgeThread thread_;
};

}  // namespace farm::roles
