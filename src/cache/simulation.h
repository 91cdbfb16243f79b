// Replays a trace through the real tiers: the same shards, policies and accounts as in the server,
// but objects without bodies and a disk without files, so that a cache of 100 GB is tried on a
// laptop. As there, memory comes first; what leaves it and had been asked for again goes to the
// disk, and what the disk has comes back into memory when it is asked for.
#pragma once

#include <functional>

#include "cache/disk/disk_stats.h"
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
  // Of a disk tier below; 0: there is none. Not with unit_cost.
  std::uint64_t disk_bytes = 0;
  std::uint64_t disk_object_max_bytes = 0;
  std::uint64_t disk_segment_bytes = std::uint64_t{64} << 20;
  // So many requests fill the cache before any is counted.
  std::uint64_t warm_up_requests = 0;
};

struct SimulationResult {
  std::uint64_t requests = 0;
  std::uint64_t hits = 0;  // of the memory
  std::uint64_t disk_hits = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t hit_bytes = 0;
  std::uint64_t disk_hit_bytes = 0;
  std::uint64_t disk_written_bytes = 0;
  TierStats tier;  // at the end
  DiskStats disk;

  // Of the memory; of the disk; of both.
  double object_hit_ratio() const;
  double byte_hit_ratio() const;
  double disk_hit_ratio() const;
  double total_object_hit_ratio() const;
  double total_byte_hit_ratio() const;
  // Bytes written to the disk for each byte that was asked for.
  double write_ratio() const;
};

// The headers that each object is charged with besides its key and its body.
inline constexpr std::uint64_t kSimulatedHeadBytes = 400;

// Starts empty, and counts from the first request on unless told otherwise, as published figures
// do. `progress` is told the number of requests done, every so often.
SimulationResult simulate(const Trace& trace, const SimulationOptions& options,
                          const std::function<void(std::uint64_t)>& progress = {});

}  // namespace farm::cache
