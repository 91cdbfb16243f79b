// What /metrics tells of the edge: its tiers, fetches and pools.
#include "roles/edge/edge.h"

namespace farm::roles {
namespace {

constexpr std::string_view kHits = "photofarm_cache_hits_total";
constexpr std::string_view kHitsHelp = "Look-ups that found something.";
constexpr std::string_view kMisses = "photofarm_cache_misses_total";
constexpr std::string_view kMissesHelp = "Look-ups that found nothing.";
constexpr std::string_view kHitBytes = "photofarm_cache_hit_bytes_total";
constexpr std::string_view kHitBytesHelp = "Bytes of what was found.";
constexpr std::string_view kAdmissions = "photofarm_cache_admissions_total";
constexpr std::string_view kAdmissionsHelp = "Objects put in.";
constexpr std::string_view kRefusals = "photofarm_cache_refusals_total";
constexpr std::string_view kRefusalsHelp = "Objects not taken.";
constexpr std::string_view kEvictions = "photofarm_cache_evictions_total";
constexpr std::string_view kEvictionsHelp = "Objects that had to make room.";
constexpr std::string_view kObjects = "photofarm_cache_objects";
constexpr std::string_view kObjectsHelp = "Objects kept.";
constexpr std::string_view kBytes = "photofarm_cache_bytes";
constexpr std::string_view kBytesHelp = "Bytes taken.";
constexpr std::string_view kCapacity = "photofarm_cache_capacity_bytes";
constexpr std::string_view kCapacityHelp = "Bytes that may be taken.";

double number(std::uint64_t value) { return static_cast<double>(value); }

void collect_memory(const cache::TierStats& stats, obs::Samples& out) {
  const obs::Labels tier = {{"tier", "memory"}};
  out.counter(kHits, kHitsHelp, number(stats.hits), tier);
  out.counter(kMisses, kMissesHelp, number(stats.misses), tier);
  out.counter(kHitBytes, kHitBytesHelp, number(stats.hit_bytes), tier);
  out.counter(kAdmissions, kAdmissionsHelp, number(stats.admissions), tier);
  out.counter(kRefusals, kRefusalsHelp, number(stats.refusals),
              {{"tier", "memory"}, {"reason", "size"}});
  out.counter(kEvictions, kEvictionsHelp, number(stats.evictions), tier);
  out.gauge(kObjects, kObjectsHelp, number(stats.objects), tier);
  out.gauge(kBytes, kBytesHelp, number(stats.bytes), tier);
  out.gauge(kCapacity, kCapacityHelp, number(stats.capacity), tier);
}

void collect_disk(const cache::DiskStats& stats, obs::Samples& out) {
  const obs::Labels tier = {{"tier", "disk"}};
  out.counter(kHits, kHitsHelp, number(stats.hits), tier);
  out.counter(kMisses, kMissesHelp, number(stats.misses), tier);
  out.counter(kHitBytes, kHitBytesHelp, number(stats.hit_bytes), tier);
  out.counter(kAdmissions, kAdmissionsHelp, number(stats.admissions), tier);
  const auto refused = [&](std::string_view reason, std::uint64_t count) {
    out.counter(kRefusals, kRefusalsHelp, number(count), {{"tier", "disk"}, {"reason", reason}});
  };
  refused("first", stats.refused_first);
  refused("size", stats.refused_size);
  refused("budget", stats.refused_budget);
  refused("queue", stats.refused_queue);
  out.counter(kEvictions, kEvictionsHelp, number(stats.evictions), tier);
  out.gauge(kObjects, kObjectsHelp, number(stats.objects), tier);
  out.gauge(kBytes, kBytesHelp, number(stats.bytes), tier);
  out.gauge(kCapacity, kCapacityHelp, number(stats.capacity), tier);
  out.counter("photofarm_cache_disk_written_bytes_total", "Bytes written to the cache's disks.",
              number(stats.written_bytes));
  out.counter("photofarm_cache_disk_reinsertions_total", "Objects that got a second chance.",
              number(stats.reinsertions));
  out.counter("photofarm_cache_disk_errors_total", "Reads of the cache's disks that failed.",
              number(stats.errors));
  out.counter("photofarm_cache_disk_corrupt_total", "Records that were not as they should be.",
              number(stats.corrupt));
  out.gauge("photofarm_cache_disk_index_bytes", "Memory of the index of the cache's disks.",
            number(stats.index_bytes));
  out.gauge("photofarm_cache_disk_queue_bytes", "Memory of what waits to be written.",
            number(stats.queue_bytes));
  out.gauge("photofarm_cache_disks", "Disks of the cache that work.", number(stats.disks));
}

}  // namespace

void Edge::collect(obs::Samples& out) const {
  collect_memory(parts_.memory.stats(), out);
  if (parts_.disk != nullptr) collect_disk(parts_.disk->stats(), out);
  out.gauge("photofarm_cache_fills", "Fetches under way.", number(parts_.fills.running()));
  std::uint64_t open = 0, idle = 0, connects = 0, reuses = 0, failures = 0;
  {
    const std::lock_guard lock(upstreams_mutex_);
    for (const auto& upstreams : upstreams_) {
      if (!upstreams) continue;
      const net::UpstreamFigures& figures = upstreams->figures();
      open += figures.open.load();
      idle += figures.idle.load();
      connects += figures.connects.load();
      reuses += figures.reuses.load();
      failures += figures.failures.load();
    }
  }
  out.gauge("photofarm_upstream_connections", "Connections to servers of pools.", number(open));
  out.gauge("photofarm_upstream_connections_idle", "Those that wait to be used again.",
            number(idle));
  out.counter("photofarm_upstream_connects_total", "Connections made to servers of pools.",
              number(connects));
  out.counter("photofarm_upstream_reuses_total", "Requests sent over one that was there.",
              number(reuses));
  out.counter("photofarm_upstream_failures_total", "Requests to servers of pools that failed.",
              number(failures));
  for (const auto& pool : parts_.routes.pools()) {
    out.gauge("photofarm_pool_good_servers", "Servers that are not passed over for a failure.",
              number(pool->good()), {{"pool", pool->name()}});
  }
}

}  // namespace farm::roles
