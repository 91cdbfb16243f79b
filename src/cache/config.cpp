#include "cache/config.h"

#include <bit>
#include <string>

namespace farm::cache {
namespace {

constexpr std::int64_t kMinObjectMax = 1 << 10;
constexpr std::int64_t kMaxObjectMax = 64 << 20;
constexpr std::int64_t kMaxShards = 1024;
constexpr std::int64_t kMaxFills = 1 << 20;
constexpr std::int64_t kMaxDiskThreads = 1024;
constexpr std::chrono::hours kMaxNegative(24 * 365);
constexpr std::size_t kMaxDisks = 64;
constexpr std::int64_t kMaxDiskObjectMax = 32 << 20;
constexpr std::int64_t kMinSegment = 1 << 20;
constexpr std::int64_t kMaxSegment = 256 << 20;
constexpr std::int64_t kMinQueue = 1 << 20;

void read_disks(config::Table table, Config& out) {
  table.read_size("disk_object_max", out.disk_object_max_bytes,
                  {.min = kMinObjectMax, .max = kMaxDiskObjectMax});
  table.read_size("disk_write_budget", out.disk_write_budget);
  table.read_size("disk_segment", out.disk_segment_bytes, {.min = kMinSegment, .max = kMaxSegment});
  table.read_size("disk_queue", out.disk_queue_bytes, {.min = kMinQueue});
  const std::uint64_t least = kMinDiskObjects * out.disk_object_max_bytes;
  for (config::Table& disk : table.tables("disk")) {
    DiskPlace place;
    std::string path;
    disk.read("path", path);
    disk.read_size("size", place.bytes);
    place.path = path;
    if (path.empty()) disk.reject("path", "a disk needs the path of a directory");
    if (place.bytes < least) {
      disk.reject("size", "a disk needs a size, of at least " + std::to_string(kMinDiskObjects) +
                              " times disk_object_max");
    }
    for (const DiskPlace& other : out.disks) {
      if (other.path == place.path) disk.reject("path", path + " is named twice");
    }
    out.disks.push_back(std::move(place));
  }
  if (out.disks.size() > kMaxDisks) table.reject("disk", "there are more than 64");
}

}  // namespace

std::string_view to_string(Policy policy) { return policy == Policy::kS3Fifo ? "s3fifo" : "lru"; }

std::optional<Policy> parse_policy(std::string_view text) {
  for (const Policy policy : {Policy::kS3Fifo, Policy::kLru}) {
    if (text == to_string(policy)) return policy;
  }
  return std::nullopt;
}

void read_config(config::Table table, Config& out) {
  table.read_size("memory", out.memory_bytes);
  table.read_size("memory_object_max", out.memory_object_max_bytes,
                  {.min = kMinObjectMax, .max = kMaxObjectMax});
  table.read_duration("negative_max", out.negative_max, {.max = kMaxNegative});
  std::string policy(to_string(out.policy));
  table.read("policy", policy);
  if (const auto parsed = parse_policy(policy)) {
    out.policy = *parsed;
  } else {
    table.reject("policy", "\"" + policy + "\" is no policy; there are s3fifo and lru");
  }
  table.read("shards", out.shards, {.min = 0, .max = kMaxShards});
  table.read("disk_threads", out.disk_threads, {.min = 1, .max = kMaxDiskThreads});
  table.read("disk_thread_queue", out.disk_thread_queue, {.min = 1, .max = kMaxFills});
  table.read_duration("pass_for", out.pass_for);
  table.read("max_fills", out.max_fills, {.min = 1, .max = kMaxFills});
  if (out.shards != 0 && !std::has_single_bit(out.shards)) {
    table.reject("shards", std::to_string(out.shards) + " is no power of two");
  }
  read_disks(table, out);
}

}  // namespace farm::cache
