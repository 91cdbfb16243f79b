#include <cstdio>
#include <sstream>
#include <string>

#include "cache/simulation.h"
#include "commands.h"
#include "workload.h"

namespace farm::bench {
namespace {

std::uint64_t share_of(std::uint64_t footprint, double percent) {
  return static_cast<std::uint64_t>(static_cast<double>(footprint) * percent / 100);
}

}  // namespace

void measure_tiers(const TiersOptions& options) {
  const WorkloadOptions& workload = options.workload;
  const auto sizes = draw_sizes(read_sizes(workload.sizes), workload.objects);
  std::uint64_t footprint = 0;
  for (const std::uint64_t size : sizes) footprint += size;
  Zipf zipf(workload.objects, workload.alpha);
  cache::Trace trace;
  for (std::uint64_t i = 0; i < workload.requests; ++i) {
    const std::uint64_t n = zipf.next();
    trace.add("/1/" + std::to_string(n) + ".jpg", sizes[n]);
  }
  std::istringstream shares(options.shares);
  for (std::string share; std::getline(shares, share, ',');) {
    // "1+9": so many percent of all bytes in memory, so many on disk.
    const std::size_t plus = share.find('+');
    const double memory = std::stod(share);
    const double disk = std::stod(share.substr(plus + 1));
    const cache::SimulationResult result =
        cache::simulate(trace, {.capacity = share_of(footprint, memory),
                                .policy = cache::Policy::kS3Fifo,
                                .object_max_bytes = 64 << 10,
                                .disk_bytes = share_of(footprint, disk),
                                .disk_object_max_bytes = 512 << 10,
                                .warm_up_requests = workload.requests / 2});
    std::printf(
        "{\"memory\": %g, \"disk\": %g, \"memory_hits\": %.5f, \"disk_hits\": %.5f, "
        "\"hits\": %.5f, \"byte_hits\": %.5f, \"written\": %.5f, \"reinserted\": %.5f, "
        "\"footprint_bytes\": %llu, \"objects\": %llu, \"index_bytes\": %llu}\n",
        memory, disk, result.object_hit_ratio(), result.disk_hit_ratio(),
        result.total_object_hit_ratio(), result.total_byte_hit_ratio(), result.write_ratio(),
        static_cast<double>(result.disk.reinserted_bytes) /
            static_cast<double>(result.disk.written_bytes + 1),
        static_cast<unsigned long long>(footprint),
        static_cast<unsigned long long>(result.disk.objects),
        static_cast<unsigned long long>(result.disk.index_bytes));
  }
}

}  // namespace farm::bench
