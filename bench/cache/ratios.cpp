#include <cstdio>
#include <sstream>
#include <string>

#include "cache/simulation.h"
#include "commands.h"
#include "workload.h"

namespace farm::bench {

void measure_ratios(const RatioOptions& options) {
  const WorkloadOptions& workload = options.workload;
  const auto sizes = draw_sizes(read_sizes(workload.sizes), workload.objects);
  std::uint64_t footprint = 0;
  for (const std::uint64_t size : sizes) footprint += size;
  Zipf zipf(workload.objects, workload.alpha);
  cache::Trace trace;
  // Half of it to fill the cache, half to count.
  std::uint64_t counted_bytes = 0;
  std::uint64_t large = 0;
  for (std::uint64_t i = 0; i < workload.requests; ++i) {
    const std::uint64_t n = zipf.next();
    trace.add("/1/" + std::to_string(n) + ".jpg", sizes[n]);
    if (i < workload.requests / 2) continue;
    counted_bytes += sizes[n];
    large += sizes[n] > 64 << 10 ? 1 : 0;
  }
  const std::uint64_t counted = workload.requests - workload.requests / 2;
  std::printf("{\"footprint_bytes\": %llu, \"mean_bytes\": %.1f, \"over_64k\": %.4f}\n",
              static_cast<unsigned long long>(footprint),
              static_cast<double>(counted_bytes) / static_cast<double>(counted),
              static_cast<double>(large) / static_cast<double>(counted));
  std::istringstream shares(options.shares);
  for (std::string share; std::getline(shares, share, ',');) {
    for (const cache::Policy policy : {cache::Policy::kS3Fifo, cache::Policy::kLru}) {
      const auto capacity =
          static_cast<std::uint64_t>(static_cast<double>(footprint) * std::stod(share) / 100);
      const cache::SimulationResult result =
          cache::simulate(trace, {.capacity = capacity,
                                  .policy = policy,
                                  .object_max_bytes = 64 << 10,
                                  .warm_up_requests = workload.requests / 2});
      std::printf(
          "{\"policy\": \"%s\", \"share\": %s, \"object_hit_ratio\": %.5f, "
          "\"byte_hit_ratio\": %.5f, \"capacity\": %llu}\n",
          std::string(to_string(policy)).c_str(), share.c_str(), result.object_hit_ratio(),
          result.byte_hit_ratio(), static_cast<unsigned long long>(capacity));
    }
  }
}

}  // namespace farm::bench
