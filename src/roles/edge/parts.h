// What the edge works with. Owned by app, alive until the server has stopped and is gone;
// thread-safe, but for the upstreams, of which each network thread has its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cache/config.h"
#include "cache/disk/disk_tier.h"
#include "cache/fills.h"
#include "cache/memory_tier.h"
#include "cache/purge_log.h"
#include "io/worker_pool.h"
#include "net/upstream.h"
#include "obs/metrics.h"
#include "roles/edge/config.h"
#include "route/routes.h"

namespace farm::roles {

class Origin;

struct EdgeParts {
  const EdgeConfig& config;
  const cache::Config& cache_config;
  const net::UpstreamConfig& upstream_config;
  const Clock& clock;
  const route::Routes& routes;
  cache::MemoryTier& memory;
  cache::DiskTier* disk = nullptr;  // null: there is none
  io::WorkerPool& disk_pool;        // what waits for it
  cache::PurgeLog& purges;
  // False while purges of others may be missing here: nothing cached may be used unasked.
  std::function<bool()> ready;
  cache::Fills& fills;
  obs::Metrics& metrics;
  std::size_t net_threads;
  std::string via_name;      // a token that no other process has
  std::string public_host;   // of our own URLs, "img.example.com"; may be empty
  Origin* origin = nullptr;  // of this process, if it is one

  bool keeps_nothing() const { return cache_config.memory_bytes == 0 && disk == nullptr; }
};

}  // namespace farm::roles
