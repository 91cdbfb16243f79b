// The edge and its cache, put together and taken apart in the right order.
#pragma once

#include <memory>

#include "app/config.h"
#include "cache/disk/disk_tier.h"
#include "cache/fills.h"
#include "cache/memory_tier.h"
#include "cache/purge_log.h"
#include "roles/edge/edge.h"
#include "roles/health.h"
#include "roles/purge/purger.h"

namespace farm::app {

class EdgeNode {
 public:
  // Opens the cache's disks; those that cannot be used are told of, and left out. All outlive it.
  static Result<std::unique_ptr<EdgeNode>> open(const Config& config, const Clock& clock,
                                                cache::PurgeLog& purge_log, roles::Health& health);

  struct Neighbours {
    obs::Metrics& metrics;
    const Clock& clock;
    roles::Purger& purger;
    roles::Origin* origin = nullptr;  // of this process; may be null
    net::Handler purge;               // answers PURGE
  };
  // Before the server is bound. kInvalidArgument for routes that are none.
  Result<void> start_serving(Neighbours neighbours, net::EndpointTable& endpoints);
  // When the server's threads have ended, and before the server goes.
  void stop_serving();
  // At last: what waits is written to the disks.
  void close();

  cache::MemoryTier* memory() { return memory_.get(); }
  void collect(obs::Samples& out) const { edge_->collect(out); }

 private:
  EdgeNode(const Config& config, cache::PurgeLog& purge_log)
      : config_(config), purge_log_(purge_log) {}

  const Config& config_;
  cache::PurgeLog& purge_log_;
  std::unique_ptr<cache::DiskTier> disk_;
  std::unique_ptr<io::WorkerPool> disk_pool_;
  std::unique_ptr<cache::MemoryTier> memory_;
  std::unique_ptr<cache::Fills> fills_;
  route::Routes routes_;
  std::unique_ptr<roles::Edge> edge_;
};

}  // namespace farm::app
