// What the disk tier counts: since the start, but for objects, bytes and capacities.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace farm::cache {

struct DiskStats {
  std::uint64_t hits = 0;
  std::uint64_t hit_bytes = 0;  // of head and body
  std::uint64_t misses = 0;

  std::uint64_t offers = 0;
  std::uint64_t admissions = 0;
  std::uint64_t already_there = 0;  // offered again as it is on the disk
  // Offered and not taken: asked for the first time, larger than disk_object_max, over the write
  // budget, no room in the queue.
  std::uint64_t refused_first = 0;
  std::uint64_t refused_size = 0;
  std::uint64_t refused_budget = 0;
  std::uint64_t refused_queue = 0;
  std::uint64_t erasures = 0;
  std::uint64_t forgets_lost = 0;  // erasures that a restart may undo, as too many waited

  std::uint64_t evictions = 0;
  std::uint64_t reinsertions = 0;  // second chances
  std::uint64_t reinserted_bytes = 0;
  std::uint64_t written_bytes = 0;  // all of it: records, reinsertions, ends of segments
  std::uint64_t errors = 0;         // reads that failed
  std::uint64_t corrupt = 0;        // records that were not as they should be

  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;  // of the disks, in use
  std::uint64_t capacity = 0;
  std::uint64_t index_bytes = 0;  // memory: of the index, and of hashes that are remembered
  std::uint64_t queue_bytes = 0;  // memory: of what waits to be written
  std::uint64_t disks = 0;        // that work
  // A sentence each: disks that have dropped out, and what else somebody should look at.
  std::vector<std::string> problems;

  DiskStats& operator+=(const DiskStats& other);
};

}  // namespace farm::cache
