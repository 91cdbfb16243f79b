#include "obs/request_stats.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace farm::obs {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

std::size_t class_of(unsigned status) { return std::clamp<std::size_t>(status / 100, 1, 5) - 1; }

std::string class_name(std::size_t status_class) { return std::to_string(status_class + 1) + "xx"; }

}  // namespace

RequestStats::RequestStats(std::vector<std::string> routes, std::size_t shards)
    : routes_(std::move(routes)), bounds_s_(time_bounds()) {
  assert(bounds_s_.size() == bounds_ns_.size());
  std::ranges::transform(bounds_s_, bounds_ns_.begin(), [](double seconds) {
    return static_cast<std::uint64_t>(std::llround(seconds * 1e9));
  });
  for (std::size_t i = 0; i < std::max<std::size_t>(shards, 1); ++i) {
    shards_.push_back(std::make_unique<RouteCells[]>(routes_.size()));
  }
}

std::size_t RequestStats::status_slot(unsigned status) {
  // 600 bytes instead of a search: this is on the way of every request.
  static constexpr auto kSlots = [] {
    std::array<std::uint8_t, 600> slots{};
    for (unsigned code = 0; code < slots.size(); ++code) {
      const unsigned status_class = std::clamp(code / 100, 1U, 5U) - 1;
      slots[code] = static_cast<std::uint8_t>(kStatuses.size() + status_class);
    }
    for (std::size_t i = 0; i < kStatuses.size(); ++i) {
      slots[kStatuses[i]] = static_cast<std::uint8_t>(i);
    }
    return slots;
  }();
  return kSlots[std::min<std::size_t>(status, kSlots.size() - 1)];
}

std::string RequestStats::slot_name(std::size_t slot) {
  if (slot < kStatuses.size()) return std::to_string(kStatuses[slot]);
  return class_name(slot - kStatuses.size());
}

void RequestStats::record(std::size_t shard, std::size_t route, unsigned status,
                          std::uint64_t body_bytes, std::chrono::nanoseconds took) noexcept {
  assert(shard < shards_.size() && route < routes_.size());
  RouteCells& cells = shards_[shard][route];
  const std::size_t slot = status_slot(status);
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
  const auto bucket = static_cast<std::size_t>(
      std::lower_bound(bounds_ns_.begin(), bounds_ns_.end(), ns) - bounds_ns_.begin());
  Latency& latency = cells.latency[class_of(status)];
  cells.requests[slot].fetch_add(1, kRelaxed);
  cells.bytes[slot].fetch_add(body_bytes, kRelaxed);
  latency.counts[bucket].fetch_add(1, kRelaxed);
  latency.sum_ns.fetch_add(ns, kRelaxed);
}

void RequestStats::collect(Samples& out) const {
  for (std::size_t route = 0; route < routes_.size(); ++route) collect_route(route, out);
}

void RequestStats::collect_route(std::size_t route, Samples& out) const {
  const std::string& name = routes_[route];
  for (std::size_t slot = 0; slot < kStatusSlots; ++slot) {
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
    for (const auto& cells : shards_) {
      requests += cells[route].requests[slot].load(kRelaxed);
      bytes += cells[route].bytes[slot].load(kRelaxed);
    }
    if (requests == 0) continue;
    const std::string status = slot_name(slot);
    out.counter("photofarm_http_requests_total", "Requests answered", static_cast<double>(requests),
                {{"route", name}, {"status", status}});
    out.counter("photofarm_http_response_bytes_total", "Bytes of response bodies",
                static_cast<double>(bytes), {{"route", name}, {"status", status}});
  }
  for (std::size_t status_class = 0; status_class < kClasses; ++status_class) {
    std::array<std::uint64_t, kBuckets> counts{};
    std::uint64_t sum_ns = 0;
    for (const auto& cells : shards_) {
      const Latency& latency = cells[route].latency[status_class];
      for (std::size_t i = 0; i < kBuckets; ++i) counts[i] += latency.counts[i].load(kRelaxed);
      sum_ns += latency.sum_ns.load(kRelaxed);
    }
    if (std::ranges::all_of(counts, [](std::uint64_t count) { return count == 0; })) continue;
    out.histogram("photofarm_http_request_seconds",
                  "From a request's first byte to its answer's end", bounds_s_, counts,
                  static_cast<double>(sum_ns) * 1e-9,
                  {{"route", name}, {"class", class_name(status_class)}});
  }
}

}  // namespace farm::obs
