// What can be set of the cache: the table [cache] of the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "config/document.h"

namespace farm::cache {

// Which object goes when there is no room.
enum class Policy : std::uint8_t {
  kS3Fifo,  // s3_fifo.h
  kLru,     // lru.h
};
std::string_view to_string(Policy policy);  // "s3fifo", "lru"
std::optional<Policy> parse_policy(std::string_view text);

// A directory on a disk, and how much of it the cache may fill.
struct DiskPlace {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
};

struct Config {
  // All that the memory tier takes: objects with their headers, its index, and what the allocator
  // rounds up. 0: keeps nothing.
  std::uint64_t memory_bytes = std::uint64_t{256} << 20;
  // Objects whose headers and body are larger together are not kept in memory.
  std::uint64_t memory_object_max_bytes = 64 << 10;
  // The longest that an error's answer (404, 503 …) is good for, whatever it says itself.
  std::chrono::milliseconds negative_max = std::chrono::minutes(1);
  Policy policy = Policy::kS3Fifo;
  // Parts with a lock and an eviction queue of their own, a power of two. 0: as many as leave
  // room for 64 of the largest objects in each, at most 64.
  std::uint32_t shards = 0;

  // How long it is remembered that what comes from a URL is not kept.
  std::chrono::milliseconds pass_for = std::chrono::seconds(10);
  // Answers being fetched at once; for more than that the edge says 503.
  std::uint32_t max_fills = 1024;

  // disk = [{ path = "/cache/a", size = "100GiB" }]; none: no disk tier. At most 64, each at least
  // kMinDiskObjects times disk_object_max.
  std::vector<DiskPlace> disks;
  // Objects whose headers and body are larger together are not kept on disk; without disks, larger
  // bodies go through and are not kept at all.
  std::uint64_t disk_object_max_bytes = 512 << 10;
  // Bytes a second that may be written to each disk, second chances included; 0: no bound. What is
  // over it is not kept. The default for a third of the day is a terabyte: what an SSD of that
  // size made for servers takes each day for five years.
  std::uint64_t disk_write_budget = std::uint64_t{32} << 20;
  // Files are of this size, and are let go of as a whole. Smaller on disks of less than 16 of them.
  std::uint64_t disk_segment_bytes = std::uint64_t{64} << 20;
  // Threads that wait for reads, and reads that may wait for one of them; what is over is a miss.
  std::uint32_t disk_threads = 8;
  std::uint32_t disk_thread_queue = 1024;
  // Memory, for each disk, for what waits to be written.
  std::uint64_t disk_queue_bytes = std::uint64_t{16} << 20;
};

inline constexpr std::uint64_t kMinDiskObjects = 16;

// Keys: memory, memory_object_max, negative_max, policy, shards, pass_for, max_fills, disk,
// disk_object_max, disk_write_budget, disk_segment, disk_queue, disk_threads, disk_thread_queue.
void read_config(config::Table table, Config& out);

}  // namespace farm::cache
