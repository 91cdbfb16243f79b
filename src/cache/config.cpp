#include "cache/config.h"

#include <bit>
#include <string>

namespace farm::cache {
namespace {

constexpr std::int64_t kMinObjectMax = 1 << 10;
constexpr std::int64_t kMaxObjectMax = 64 << 20;
constexpr std::int64_t kMaxShards = 1024;
constexpr std::int64_t kMaxFills = 1 << 20;
constexpr std::chrono::hours kMaxNegative(24 * 365);

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
  table.read_size("disk_object_max", out.disk_object_max_bytes,
                  {.min = kMinObjectMax, .max = kMaxObjectMax});
  table.read_duration("pass_for", out.pass_for);
  table.read("max_fills", out.max_fills, {.min = 1, .max = kMaxFills});
  if (out.shards != 0 && !std::has_single_bit(out.shards)) {
    table.reject("shards", std::to_string(out.shards) + " is no power of two");
  }
}

}  // namespace farm::cache
