// Counts of HTTP requests by route and status, with bytes and latencies, at the cost of four
// uncontended atomic additions a request: no lock, no allocation. Every network thread counts in a
// shard of its own; a scrape adds them up.
//
// Thread-safe for any use of the shards; fast if each is used by one thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "obs/metrics.h"

namespace farm::obs {

class RequestStats {
 public:
  // `routes` are the values of the label "route", in the order of their indexes; `shards` is at
  // least 1.
  RequestStats(std::vector<std::string> routes, std::size_t shards);

  // A request was answered with `status` and `body_bytes` of body, `took` after its first byte.
  // `shard` and `route` are below the numbers given above.
  void record(std::size_t shard, std::size_t route, unsigned status, std::uint64_t body_bytes,
              std::chrono::nanoseconds took) noexcept;

  // photofarm_http_requests_total{route,status}, photofarm_http_response_bytes_total{route,status}
  // and photofarm_http_request_seconds{route,class}; only what has been seen at least once.
  void collect(Samples& out) const;

 private:
  // The statuses with a line of their own; others are counted as their class: "4xx".
  static constexpr std::array<std::uint16_t, 32> kStatuses = {
      100, 101, 200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403,
      404, 405, 408, 409, 410, 412, 413, 414, 415, 416, 417, 422, 429, 431, 500, 503};
  static constexpr std::size_t kClasses = 5;
  static constexpr std::size_t kStatusSlots = kStatuses.size() + kClasses;
  static constexpr std::size_t kBuckets = 17;  // one more than time_bounds()

  struct Latency {
    std::array<std::atomic<std::uint64_t>, kBuckets> counts{};
    std::atomic<std::uint64_t> sum_ns{0};
  };
  struct alignas(64) RouteCells {
    std::array<std::atomic<std::uint64_t>, kStatusSlots> requests{};
    std::array<std::atomic<std::uint64_t>, kStatusSlots> bytes{};
    std::array<Latency, kClasses> latency{};
  };

  static std::size_t status_slot(unsigned status);
  static std::string slot_name(std::size_t slot);
  void collect_route(std::size_t route, Samples& out) const;

  std::vector<std::string> routes_;
  std::vector<double> bounds_s_;
  std::array<std::uint64_t, kBuckets - 1> bounds_ns_{};
  std::vector<std::unique_ptr<RouteCells[]>> shards_;  // [shard][route]
};

}  // namespace farm::obs
