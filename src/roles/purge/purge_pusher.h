// Tells one edge of what is purged here, from a thread of its own, until it knows. What waits for
// it is the log itself: the edge answers up to where it knows the log, and the next page goes on
// from there, also after either of the two was started anew. Thread-safe.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "cache/purge_log.h"
#include "obs/metrics.h"
#include "roles/purge/purge_peer.h"
#include "roles/purge/purge_receipts.h"
#include "roles/purge/purge_thread.h"

namespace farm::roles {

class PurgePusher {
 public:
  // `place` is the edge's in the receipts. References outlive this.
  PurgePusher(const PurgeConfig& config, std::size_t place, cache::PurgeLog& log,
              PurgeReceipts& receipts);

  void start();
  void request_stop() { thread_.request_stop(); }
  void stop() { thread_.stop(); }
  // There is something new in the log.
  void wake() { thread_.wake(); }
  void collect(obs::Samples& out) const;

 private:
  PurgeThread::Sleep step();
  Result<std::uint64_t> push(std::uint64_t& sent);
  void report(const Result<std::uint64_t>& known);

  PurgePeer peer_;
  const std::size_t place_;
  cache::PurgeLog& log_;
  PurgeReceipts& receipts_;
  Backoff backoff_;
  std::optional<std::uint64_t> known_;  // of the log, by the edge; nothing before its first answer
  bool failing_ = false;

  std::atomic<std::uint64_t> pushes_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::int64_t> behind_since_s_{0};  // monotonic; 0: it knows all
  PurgeThread thread_;
};

}  // namespace farm::roles
