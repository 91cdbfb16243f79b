// What can be set of the cache: the table [cache] of the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "config/document.h"

namespace farm::cache {

// Which object goes when there is no room.
enum class Policy : std::uint8_t {
  kS3Fifo,  // s3_fifo.h
  kLru,     // lru.h
};
std::string_view to_string(Policy policy);  // "s3fifo", "lru"
std::optional<Policy> parse_policy(std::string_view text);

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

  // Larger ones go through and are not kept.
  std::uint64_t disk_object_max_bytes = 512 << 10;
  // How long it is remembered that what comes from a URL is not kept.
  std::chrono::milliseconds pass_for = std::chrono::seconds(10);
  // Answers being fetched at once; for more than that the edge says 503.
  std::uint32_t max_fills = 1024;
};

// Keys: memory, memory_object_max, disk_object_max, negative_max, pass_for, max_fills, policy,
// shards.
void read_config(config::Table table, Config& out);

}  // namespace farm::cache
