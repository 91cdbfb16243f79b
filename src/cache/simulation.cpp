#include "cache/simulation.h"

#include <optional>

#include "cache/disk/disk_tier.h"
#include "cache/disk/simulated_disk.h"

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
double SimulationResult::disk_hit_ratio() const { return ratio(disk_hits, requests); }
double SimulationResult::total_object_hit_ratio() const {
  return ratio(hits + disk_hits, requests);
}
double SimulationResult::total_byte_hit_ratio() const {
  return ratio(hit_bytes + disk_hit_bytes, request_bytes);
}
double SimulationResult::write_ratio() const { return ratio(disk_written_bytes, request_bytes); }

namespace {

std::uint64_t with_head(std::uint64_t object_max_bytes) {
  return object_max_bytes == 0 ? 0 : object_max_bytes + kSimulatedHeadBytes;
}

// The two tiers, as the edge puts them together.
class Tiers {
 public:
  enum class Found : std::uint8_t { kMemory, kDisk, kNowhere };

  explicit Tiers(const SimulationOptions& options)
      : memory_max_(options.unit_cost ? 0 : with_head(options.object_max_bytes)),
        memory_({.capacity_bytes = options.capacity,
                 .object_max_bytes = memory_max_,
                 .policy = options.policy,
                 .shards = options.shards,
                 .unit_cost = options.unit_cost,
                 .evicted =
                     [this](const ObjectRef& object, bool asked_again) {
                       if (disk_) offer(*object, asked_again);
                     },
                 .secret = kSecret}) {
    if (options.disk_bytes == 0) return;
    const std::uint64_t object_max = with_head(options.disk_object_max_bytes);
    disk_.emplace(options.disk_bytes,
                  segment_bytes_for(options.disk_bytes, options.disk_segment_bytes, object_max),
                  object_max);
  }

  Found ask(const std::string& key, std::uint64_t bytes) {
    const std::uint64_t hash = memory_.hash(key);
    if (memory_.find(hash, key)) return Found::kMemory;
    const bool on_disk = disk_ && disk_->find(hash);
    // The head is counted with the body: neither is there.
    const ObjectRef object = memory_.insert(
        ObjectDraft({.key = key, .body_bytes = bytes + kSimulatedHeadBytes, .without_body = true}));
    if (on_disk) return Found::kDisk;
    // Too large for the memory, it will not come from there.
    if (disk_ && memory_max_ != 0 && object->content_bytes() > memory_max_) offer(*object, false);
    return Found::kNowhere;
  }

  TierStats memory_stats() const { return memory_.stats(); }
  DiskStats disk_stats() const { return disk_ ? disk_->stats() : DiskStats{}; }

 private:
  void offer(const Object& object, bool asked_before) {
    disk_->offer(memory_.hash(object.key()), object, asked_before);
  }

  const std::uint64_t memory_max_;
  std::optional<SimulatedDisk> disk_;
  MemoryTier memory_;
};

}  // namespace

SimulationResult simulate(const Trace& trace, const SimulationOptions& options,
                          const std::function<void(std::uint64_t)>& progress) {
  Tiers tiers(options);
  SimulationResult result;
  std::uint64_t written_before = 0;
  std::uint64_t done = 0;
  for (const TraceRequest& request : trace.requests()) {
    if (done == options.warm_up_requests) written_before = tiers.disk_stats().written_bytes;
    const bool counted = done++ >= options.warm_up_requests;
    const Tiers::Found found = tiers.ask(trace.keys()[request.object], request.bytes);
    if (counted) {
      ++result.requests;
      result.request_bytes += request.bytes;
      if (found == Tiers::Found::kMemory) {
        ++result.hits;
        result.hit_bytes += request.bytes;
      } else if (found == Tiers::Found::kDisk) {
        ++result.disk_hits;
        result.disk_hit_bytes += request.bytes;
      }
    }
    if (progress && done % kProgressEvery == 0) progress(done);
  }
  result.tier = tiers.memory_stats();
  result.disk = tiers.disk_stats();
  result.disk_written_bytes = result.disk.written_bytes - written_before;
  return result;
}

}  // namespace farm::cache
