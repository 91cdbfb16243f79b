// Replays a trace through the real memory tier: the same shards, policies and accounts as in the
// server, but objects without bodies, so that a cache of 100 GB is tried on a laptop.
#pragma once

#include <functional>

#include "cache/memory_tier.h"
#include "cache/trace.h"

namespace farm::cache {

struct SimulationOptions {
  std::uint64_t capacity = 0;  // bytes, or objects with unit_cost
  Policy policy = Policy::kS3Fifo;
  std::uint32_t shards = 0;
  // Larger ones always miss and are never kept. 0, and with unit_cost: no bound.
  std::uint64_t object_max_bytes = 0;
  bool unit_cost = false;
  // So many requests fill the cache before any is counted.
  std::uint64_t warm_up_requests = 0;
};

struct SimulationResult {
  std::uint64_t requests = 0;
  std::uint64_t hits = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t hit_bytes = 0;
  TierStats tier;  // at the end

  double object_hit_ratio() const;
  double byte_hit_ratio() const;
};

// The headers that each object is charged with besides its key and its body.
inline constexpr std::uint64_t kSimulatedHeadBytes = 400;

// Starts empty, and counts from the first request on unless told otherwise, as published figures
// do. `progress` is told the number of requests done, every so often.
SimulationResult simulate(const Trace& trace, const SimulationOptions& options,
                          const std::function<void(std::uint64_t)>& progress = {});

}  // namespace farm::cache
