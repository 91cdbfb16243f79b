#include "cache/simulation.h"

namespace farm::cache {
namespace {

constexpr HashSecret kSecret{0x70686f746f666172U,
                             0x6d2d74726163652dU};  // the same course each time
constexpr std::uint64_t kProgressEvery = 1 << 16;

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double SimulationResult::object_hit_ratio() const { return ratio(hits, requests); }
double SimulationResult::byte_hit_ratio() const { return ratio(hit_bytes, request_bytes); }

SimulationResult simulate(const Trace& trace, const SimulationOptions& options,
                          const std::function<void(std::uint64_t)>& progress) {
  const std::uint64_t object_max = options.unit_cost || options.object_max_bytes == 0
                                       ? 0
                                       : options.object_max_bytes + kSimulatedHeadBytes;
  MemoryTier tier({.capacity_bytes = options.capacity,
                   .object_max_bytes = object_max,
                   .policy = options.policy,
                   .shards = options.shards,
                   .unit_cost = options.unit_cost,
                   .secret = kSecret});
  SimulationResult result;
  std::uint64_t done = 0;
  for (const TraceRequest& request : trace.requests()) {
    const std::string& key = trace.keys()[request.object];
    const bool counted = done++ >= options.warm_up_requests;
    if (counted) {
      ++result.requests;
      result.request_bytes += request.bytes;
    }
    if (tier.find(key)) {
      result.hits += counted ? 1 : 0;
      result.hit_bytes += counted ? request.bytes : 0;
    } else {
      // The head is counted with the body: neither is there.
      tier.insert(ObjectDraft(
          {.key = key, .body_bytes = request.bytes + kSimulatedHeadBytes, .without_body = true}));
    }
    if (progress && done % kProgressEvery == 0) progress(done);
  }
  result.tier = tier.stats();
  return result;
}

}  // namespace farm::cache
