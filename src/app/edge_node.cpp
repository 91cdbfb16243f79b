#include "app/edge_node.h"

#include <random>
#include <sstream>

#include "net/server.h"
#include "obs/log.h"

namespace farm::app {
namespace {

// By which a request is told that has come through this process before.
std::string via_name(const roles::EdgeConfig& config) {
  std::random_device random;
  std::ostringstream out;
  out << config.name << '-' << std::hex << random();
  return out.str();
}

// Of a URL: "https://img.example.com" names img.example.com.
std::string host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find('/')));
}

}  // namespace

Result<std::unique_ptr<EdgeNode>> EdgeNode::open(const Config& config, const Clock& clock,
                                                 cache::PurgeLog& purge_log,
                                                 roles::Health& health) {
  std::unique_ptr<EdgeNode> node(new EdgeNode(config, purge_log));
  if (!config.cache.disks.empty()) {
    FARM_TRY(node->disk_, cache::DiskTier::open(io::posix_file_system(), clock,
                                                cache::disk_tier_options(config.cache)));
    for (const std::string& problem : node->disk_->stats().problems) obs::log_error(problem);
    health.watch([disk = node->disk_.get()] { return disk->stats().problems; });
  }
  node->disk_pool_ = std::make_unique<io::WorkerPool>("cache-disk", config.cache.disk_threads,
                                                      config.cache.disk_thread_queue);
  cache::MemoryTierOptions options = cache::memory_tier_options(config.cache);
  if (node->disk_) options.evicted = roles::offer_evicted(*node->disk_);
  node->memory_ = std::make_unique<cache::MemoryTier>(options);
  node->fills_ = std::make_unique<cache::Fills>(
      cache::FillLimits{.keep_max_bytes = config.cache.disk_object_max_bytes},
      config.cache.max_fills);
  return node;
}

Result<void> EdgeNode::start_serving(Neighbours neighbours, net::EndpointTable& endpoints) {
  FARM_TRY(routes_, route::Routes::make(config_.route));
  roles::Purger& purger = neighbours.purger;
  edge_ = std::make_unique<roles::Edge>(
      roles::EdgeParts{.config = config_.edge,
                       .cache_config = config_.cache,
                       .upstream_config = config_.upstream,
                       .clock = neighbours.clock,
                       .routes = routes_,
                       .memory = *memory_,
                       .disk = disk_.get(),
                       .disk_pool = *disk_pool_,
                       .purges = purge_log_,
                       .ready = [&purger] { return purger.ready(); },
                       .fills = *fills_,
                       .metrics = neighbours.metrics,
                       .net_threads = net::thread_count(config_.net),
                       .via_name = via_name(config_.edge),
                       .public_host = host_of(config_.roles.public_url),
                       .origin = neighbours.origin});
  edge_->add_endpoints(endpoints);
  edge_->set_purge_handler(std::move(neighbours.purge));
  // What is being fetched now may be from before.
  purger.set_listener([this] { fills_->hide_all(); });
  return ok();
}

void EdgeNode::stop_serving() {
  edge_->stop();
  disk_pool_->stop();
}

void EdgeNode::close() {
  if (disk_) disk_->stop();
}

}  // namespace farm::app
