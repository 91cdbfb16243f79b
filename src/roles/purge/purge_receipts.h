// Who has heard of which purge. A receipt's id is the number that its last purge has in the log, so
// an edge that knows the log up to there has heard of it. The newest receipts are kept, a bounded
// number. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace farm::roles {

struct PurgeReceipt {
  enum class State : std::uint8_t {
    kPending,  // is being tried, for as long as it takes
    kDone,
    kFailed,  // the edge refuses: somebody has to look at its key or address; tried as well
  };
  struct Edge {
    std::string edge;
    State state = State::kPending;
    std::uint32_t tries = 0;
    std::string error;  // of the last try
  };

  std::uint64_t id = 0;
  std::uint64_t purges = 0;
  std::uint64_t memory_objects = 0;  // here
  std::vector<Edge> edges;
};
std::string_view to_string(PurgeReceipt::State state);

class PurgeReceipts {
 public:
  PurgeReceipts(const std::vector<std::string>& edges, std::size_t max_receipts);

  void add(std::uint64_t id, std::uint64_t purges, std::uint64_t memory_objects);
  // An attempt to tell an edge (by its place) of what is up to `sent`: up to where it knows the log
  // now, or why not.
  void tried(std::size_t edge, std::uint64_t sent, const Result<std::uint64_t>& known);

  // Nothing if there is none with this id any more.
  std::optional<PurgeReceipt> find(std::uint64_t id) const;
  // Waits until every edge has heard, but not for those whose last attempt failed, and no longer
  // than that.
  std::optional<PurgeReceipt> await(std::uint64_t id, std::chrono::milliseconds patience) const;

 private:
  struct Known {
    std::uint64_t up_to = 0;
    std::optional<Error> trouble;  // of the last attempt
  };
  bool settled(const PurgeReceipt& receipt) const;

  const std::vector<std::string> edges_;
  const std::size_t max_receipts_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::uint64_t, PurgeReceipt> receipts_;
  std::vector<Known> known_;  // by edge
};

}  // namespace farm::roles
