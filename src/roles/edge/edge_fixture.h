// What the edge's parts need around them, for tests: tiers in memory, a clock that stands still,
// and a route to a pool of the test's own servers.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "roles/edge/parts.h"
#include "roles/edge/tiers.h"

namespace farm::roles {

inline route::Routes routes_to(
    const std::vector<route::ServerAddress>& servers,
    std::vector<route::RouteConfig> routes = {
        {.match = "^/", .host = "", .pool = "old", .cache = {}, .rewrite = ""}}) {
  route::Config config;
  route::PoolConfig pool;
  pool.name = "old";
  pool.servers = servers;
  config.pools = {pool};
  config.routes = std::move(routes);
  return route::Routes::make(config).value();
}

class EdgeFixture : public ::testing::Test {
 protected:
  static constexpr Millis kNow = 1'790'000'000'000;

  EdgeParts parts() {
    return {.config = edge_config_,
            .cache_config = cache_config_,
            .upstream_config = upstream_config_,
            .clock = clock_,
            .routes = routes_,
            .memory = memory_,
            .disk = nullptr,
            .disk_pool = disk_pool_,
            .purges = *purges_,
            .ready = [this] { return ready_; },
            .fills = fills_,
            .metrics = metrics_,
            .net_threads = 1,
            .via_name = "photofarm-test",
            .public_host = "",
            .origin = nullptr};
  }

  FakeClock clock_{kNow};
  EdgeConfig edge_config_;
  cache::Config cache_config_;
  net::UpstreamConfig upstream_config_;
  route::Routes routes_ = routes_to({{.host = "127.0.0.1", .port = 1}});
  cache::MemoryTier memory_{{.capacity_bytes = 8 << 20, .shards = 1}};
  io::WorkerPool disk_pool_{"disk", 1, 8};
  std::unique_ptr<cache::PurgeLog> purges_ = cache::PurgeLog::in_memory(clock_);
  bool ready_ = true;
  cache::Fills fills_{{}, 16};
  obs::Metrics metrics_;
};

}  // namespace farm::roles
