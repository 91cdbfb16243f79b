#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "cache/memory_tier.h"
#include "commands.h"
#include "workload.h"

namespace farm::bench {

std::uint64_t resident_bytes(const char* name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name))
      return std::stoull(line.substr(line.find_first_of("0123456789"))) << 10;
  }
  return 0;
}

void measure_memory(const MemoryOptions& options) {
  const WorkloadOptions& workload = options.workload;
  const auto sizes = draw_sizes(read_sizes(workload.sizes), workload.objects);
  Zipf zipf(workload.objects, workload.alpha);
  const std::uint64_t base = resident_bytes("VmRSS");
  cache::MemoryTier tier({.capacity_bytes = options.memory,
                          .object_max_bytes = 64 << 10,
                          .policy = *cache::parse_policy(options.policy)});
  const std::string head(400, 'h');
  for (std::uint64_t i = 0; i < workload.requests; ++i) {
    const std::uint64_t n = zipf.next();
    const std::string key = "GET\n/1/" + std::to_string(n) + ".jpg";
    if (tier.find(key) || sizes[n] + head.size() > 64 << 10) continue;
    cache::ObjectDraft draft({.key = key, .head = head, .body_bytes = sizes[n]});
    std::memset(draft.body().data(), static_cast<int>(n & 0xff), draft.body().size());
    tier.insert(std::move(draft));
  }
  const cache::TierStats stats = tier.stats();
  std::printf(
      "{\"base\": %llu, \"rss\": %llu, \"highest\": %llu, \"charged\": %llu, "
      "\"index\": %llu, \"objects\": %llu, \"evicted_bytes\": %llu}\n",
      static_cast<unsigned long long>(base),
      static_cast<unsigned long long>(resident_bytes("VmRSS")),
      static_cast<unsigned long long>(resident_bytes("VmHWM")),
      static_cast<unsigned long long>(stats.bytes),
      static_cast<unsigned long long>(stats.index_bytes),
      static_cast<unsigned long long>(stats.objects),
      static_cast<unsigned long long>(stats.evicted_bytes));
}

}  // namespace farm::bench
