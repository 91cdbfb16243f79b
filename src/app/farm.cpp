#include "app/farm.h"

#include <atomic>
#include <future>
#include <thread>

#include "app/data_dir.h"
#include "app/edge_node.h"
#include "app/figures.h"
#include "cache/purge_log.h"
#include "catalog/sqlite_catalog.h"
#include "io/file.h"
#include "io/worker_pool.h"
#include "net/server.h"
#include "obs/log.h"
#include "obs/metrics.h"
#include "render/renderer.h"
#include "roles/admin.h"
#include "roles/catalog_session.h"
#include "roles/origin.h"
#include "roles/photos_api.h"
#include "roles/purge/purger.h"
#include "roles/purge/purges_api.h"
#include "roles/reconcile.h"
#include "roles/records_api.h"
#include "roles/upkeep_api.h"
#include "roles/upload.h"
#include "store/volume_store.h"
#include "url/api_key.h"

namespace farm::app {
namespace {

std::size_t image_threads(const image::Config& config) {
  return config.threads != 0 ? config.threads : std::max(1U, std::thread::hardware_concurrency());
}

std::size_t on_demand_threads(const roles::OnDemandConfig& config) {
  return config.threads != 0 ? config.threads
                             : std::max(1U, std::thread::hardware_concurrency() / 2);
}

Result<void> install_admin_key(const Config& config, catalog::Catalog& catalog,
                               const Clock& clock) {
  FARM_TRY(const std::string key, read_or_make_admin_key(config.data));
  const Sha256 hash = *url::hash_api_key(key);
  FARM_TRY(const auto known, catalog.find_key(hash));
  if (known) return ok();
  catalog::KeyRow row;
  row.name = "admin";
  row.scopes.bits = static_cast<std::uint8_t>(catalog::Scope::kAdmin);
  row.created_ms = clock.now_ms();
  return catalog.set_key(row, hash);
}

void report(const roles::Reconciled& done, roles::Health& health) {
  obs::log_info("store and catalog agree", {{"photos", done.records},
                                            {"orphans_removed", done.orphans_removed},
                                            {"rows_added", done.rows_added},
                                            {"rows_caught_up", done.rows_caught_up},
                                            {"deletions_finished", done.deletions_finished}});
  const auto note = [&](std::uint64_t count, const char* what) {
    if (count == 0) return;
    const std::string problem = std::to_string(count) + what;
    obs::log_error(problem);
    health.note(problem);
  };
  note(done.rows_without_record,
       " photos of the catalog have no record in the store; is a disk missing?");
  note(done.orphans_kept, " photos of the store cannot be read and are not in the catalog");
}

std::vector<std::filesystem::path> store_directories(const Config& config) {
  return config.store.paths.empty() ? std::vector{config.data} : config.store.paths;
}

std::filesystem::path catalog_file(const Config& config) {
  return config.catalog.path.empty() ? config.data / "catalog.sqlite" : config.catalog.path;
}

// A catalog that is missing is made new only for a store that never had one.
Result<void> require_catalog(const Config& config) {
  FARM_TRY(const bool there, io::posix_file_system().exists(catalog_file(config)));
  if (there) return ok();
  return roles::CatalogSession::check_first_run(io::posix_file_system(), store_directories(config));
}

// So that a wrong --data does not make a new, empty farm.
Result<void> require_store(const Config& config) {
  for (const std::filesystem::path& directory : store_directories(config)) {
    FARM_TRY(const bool there, io::posix_file_system().exists(directory / "volumes"));
    if (there) return ok();
  }
  return fail(ErrorCode::kNotFound, "app",
              "there is no store in " + store_directories(config).front().string() +
                  "; name its data directory with --data, or its configuration with -c");
}

}  // namespace

// In the order of their making; taken apart in reverse.
struct Farm::Parts {
  explicit Parts(const Config& settings)
      : config(settings), clock(), ids(config.roles.server_id, clock) {}

  Result<void> open_renderer();
  Result<void> open_store();
  Result<void> open_catalog();
  void add_purges(net::EndpointTable& endpoints);
  void make_services();
  Result<void> load();
  Result<void> reconcile();
  Result<roles::Reindexed> reindex(const roles::ReindexProgress& progress);
  Result<void> serve();
  Result<void> add_views(net::EndpointTable& endpoints);
  void collect_figures();
  void stop();

  const Config config;
  SystemClock clock;
  PhotoIdMaker ids;
  obs::Metrics metrics;
  roles::Health health;
  std::unique_ptr<render::Renderer> renderer;
  std::unique_ptr<store::VolumeStore> store;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<roles::CatalogSession> session;
  std::unique_ptr<io::WorkerPool> disk_pool;
  std::unique_ptr<io::WorkerPool> image_pool;
  std::unique_ptr<io::WorkerPool> on_demand_pool;
  std::unique_ptr<roles::MemoryBudget> memory;
  std::unique_ptr<roles::PictureBudget> pictures;
  std::unique_ptr<cache::PurgeLog> purge_log;
  std::unique_ptr<EdgeNode> edge;
  std::unique_ptr<roles::Purger> purger;
  std::unique_ptr<roles::Services> services;
  std::unique_ptr<roles::Authorizer> authorizer;
  std::unique_ptr<roles::PhotoWriter> writer;
  std::unique_ptr<roles::Origin> origin;
  std::unique_ptr<roles::Upload> upload;
  std::unique_ptr<roles::PhotosApi> photos;
  std::unique_ptr<roles::RecordsApi> records;
  std::unique_ptr<roles::UpkeepApi> upkeep;
  std::unique_ptr<roles::PurgesApi> purges;
  std::unique_ptr<roles::Admin> admin;
  std::unique_ptr<net::Server> server;

  roles::Tie tie = roles::Tie::kNeverMade;
  std::atomic<bool> stop_opening{false};
  std::future<Result<void>> opening;
};

Result<void> Farm::Parts::open_renderer() {
  const std::size_t callers =
      image_threads(config.image) + on_demand_threads(config.roles.on_demand);
  FARM_TRY(renderer, render::make_renderer(config.image, config.render, callers, metrics));
  for (const std::string& weakness : renderer->weaknesses()) {
    obs::log_warn(weakness);
    health.note(weakness);
  }
  return ok();
}

Result<void> Farm::Parts::open_store() {
  FARM_TRY(make_data_dir(config.data));
  FARM_TRY(store,
           store::attach_volume_store(io::posix_file_system(), clock, config.data, config.store));
  return ok();
}

Result<void> Farm::Parts::open_catalog() {
  FARM_TRY(catalog, catalog::open_sqlite_catalog(catalog_file(config), config.catalog, clock));
  session = std::make_unique<roles::CatalogSession>(io::posix_file_system(),
                                                    store_directories(config), *catalog);
  make_services();
  return ok();
}

void Farm::Parts::add_purges(net::EndpointTable& endpoints) {
  // Some disk threads are left for others, however long the edges take.
  const std::size_t may_wait = std::max<std::size_t>(1, config.roles.disk_threads / 2);
  purger = std::make_unique<roles::Purger>(config.purge, *purge_log,
                                           edge ? edge->memory() : nullptr, may_wait);
  services->purger = purger.get();
  purges = std::make_unique<roles::PurgesApi>(*services, *authorizer, *purger);
  purges->add_endpoints(endpoints);
}

void Farm::Parts::make_services() {
  disk_pool =
      std::make_unique<io::WorkerPool>("disk", config.roles.disk_threads, config.roles.disk_queue);
  image_pool =
      std::make_unique<io::WorkerPool>("image", image_threads(config.image), config.image.queue);
  on_demand_pool = std::make_unique<io::WorkerPool>(
      "on-demand", on_demand_threads(config.roles.on_demand), config.roles.on_demand.queue);
  memory = std::make_unique<roles::MemoryBudget>(config.roles.upload_memory_bytes);
  pictures = std::make_unique<roles::PictureBudget>(
      roles::PictureBudget::Limits{.total_bytes = config.image.memory_bytes,
                                   .max_wait = config.image.memory_wait,
                                   .max_waiting = config.image.memory_queue});
  services = std::make_unique<roles::Services>(
      roles::Services{.config = config.roles,
                      .image_config = config.image,
                      .clock = clock,
                      .ids = ids,
                      .store = *store,
                      .catalog = *catalog,
                      .renderer = *renderer,
                      .disk_pool = *disk_pool,
                      .image_pool = *image_pool,
                      .on_demand_pool = *on_demand_pool,
                      .memory = *memory,
                      .pictures = *pictures,
                      .metrics = metrics,
                      .health = health,
                      .net_threads = net::thread_count(config.net)});
  authorizer = std::make_unique<roles::Authorizer>(*services);
  writer = std::make_unique<roles::PhotoWriter>(*services);
}

// What takes long with many photos; those that are known are served meanwhile.
Result<void> Farm::Parts::load() {
  FARM_TRY(store->load(stop_opening));
  FARM_TRY(reconcile());
  health.set_ready();
  return ok();
}

Result<void> Farm::Parts::reconcile() {
  FARM_TRY(const roles::Reconciled done, roles::reconcile(*services, *writer, tie));
  FARM_TRY(install_admin_key(config, *catalog, clock));
  FARM_TRY(session->renew());
  ids.start_after(done.newest);
  report(done, health);
  session->start();
  return ok();
}

Result<roles::Reindexed> Farm::Parts::reindex(const roles::ReindexProgress& progress) {
  // A catalog that did not run last is what this is for.
  if (auto checked = session->check(); !checked && checked.error().code != ErrorCode::kConflict) {
    return fail(std::move(checked).error());
  }
  FARM_TRY(roles::Reindexed done, roles::reindex(*services, *writer, progress));
  FARM_TRY(install_admin_key(config, *catalog, clock));
  FARM_TRY(session->renew());
  return done;
}

Result<void> Farm::Parts::serve() {
  FARM_TRY(purge_log, cache::PurgeLog::open(io::posix_file_system(), config.data / "purge.log",
                                            clock, config.purge.log_options()));
  if (config.roles.has_role("edge")) {
    FARM_TRY(edge, EdgeNode::open(config, clock, *purge_log, health));
  }
  net::EndpointTable endpoints;
  if (config.roles.has_role("upload")) {
    upload = std::make_unique<roles::Upload>(*services, *authorizer, *writer);
    upload->add_endpoints(endpoints);
    photos = std::make_unique<roles::PhotosApi>(*services, *authorizer, *writer);
    photos->add_endpoints(endpoints);
    records = std::make_unique<roles::RecordsApi>(*services, *authorizer, *writer);
    records->add_endpoints(endpoints);
  }
  upkeep = std::make_unique<roles::UpkeepApi>(*services, *authorizer);
  upkeep->add_endpoints(endpoints);
  add_purges(endpoints);
  admin = std::make_unique<roles::Admin>(*services, *authorizer);
  admin->add_endpoints(endpoints);
  if (config.roles.has_role("origin")) origin = std::make_unique<roles::Origin>(*services);
  FARM_TRY(add_views(endpoints));
  FARM_TRY(server, net::Server::bind(config.net, config.roles.listen, std::move(endpoints)));
  collect_figures();
  purger->start();
  server->run();
  return write_server_url(config.data, "http://" + server->address());
}

// What is no call of the API: by the edge, or without one by the origin alone.
Result<void> Farm::Parts::add_views(net::EndpointTable& endpoints) {
  if (!edge) {
    endpoints.set_fallback({.name = "unmatched", .handle = roles::Origin::not_found});
    if (origin) origin->add_endpoints(endpoints);
    return ok();
  }
  FARM_TRY(edge->start_serving(
      {.metrics = metrics,
       .clock = clock,
       .purger = *purger,
       .origin = origin.get(),
       .purge = [this](net::Exchange& exchange) { return purges->purge_path(exchange); }},
      endpoints));
  return ok();
}

void Farm::Parts::collect_figures() {
  metrics.collect([this](obs::Samples& out) {
    collect_store(store->stats(), out);
    const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
    if (const auto rows = catalog->stats()) {
      out.gauge("photofarm_catalog_photos", "Photos in the catalog.", number(rows.value().photos));
      out.counter("photofarm_catalog_commits_total", "Transactions synced to disk.",
                  number(rows.value().commits));
    }
    out.gauge("photofarm_memory_budget_used_bytes", "Memory of uploads under way.",
              number(memory->used()));
    collect_pictures(pictures->stats(), out);
    out.gauge("photofarm_pool_queued", "Jobs that wait for a thread.", number(disk_pool->queued()),
              {{"pool", "disk"}});
    out.gauge("photofarm_pool_queued", "Jobs that wait for a thread.", number(image_pool->queued()),
              {{"pool", "image"}});
    out.gauge("photofarm_pool_queued", "Jobs that wait for a thread.",
              number(on_demand_pool->queued()), {{"pool", "on_demand"}});
    if (origin) {
      out.gauge("photofarm_on_demand_cache_bytes", "Memory of sizes that were made on demand.",
                number(origin->on_demand_bytes()));
    }
    if (edge) edge->collect(out);
    purger->collect(out);
    renderer->collect(out);
    server->collect(out);
  });
}

void Farm::Parts::stop() {
  health.set_stopping();
  stop_opening = true;
  if (opening.valid()) opening.wait();
  if (store) store->stop_upkeep();
  if (upkeep) upkeep->stop();
  if (server) {
    server->stop();
    if (edge) edge->stop_serving();
    remove_server_url(config.data);
  }
  if (pictures) pictures->close();
  // Their jobs hold coroutines of the server: first they end, then it goes.
  if (on_demand_pool) on_demand_pool->stop();
  if (image_pool) image_pool->stop();
  if (disk_pool) disk_pool->stop();
  if (purger) purger->stop();
  if (session) session->stop();
  server.reset();
  if (edge) edge->close();
}

Farm::Farm(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Farm::~Farm() { stop(); }

Result<std::unique_ptr<Farm>> Farm::start(const Config& config) {
  std::unique_ptr<Farm> farm(new Farm(std::make_unique<Parts>(config)));
  FARM_TRY(farm->parts_->open_renderer());
  FARM_TRY(farm->parts_->open_store());
  FARM_TRY(require_catalog(config));
  FARM_TRY(farm->parts_->open_catalog());
  FARM_TRY(farm->parts_->tie, farm->parts_->session->check());
  FARM_TRY(farm->parts_->serve());
  farm->parts_->opening =
      std::async(std::launch::async, [parts = farm->parts_.get()] { return parts->load(); });
  return farm;
}

std::optional<Result<void>> Farm::await_opening(std::chrono::milliseconds patience) {
  if (parts_->opening.wait_for(patience) != std::future_status::ready) return {};
  return parts_->opening.get();
}

Farm::OpeningState Farm::opening_state() const {
  const store::StoreStats stats = parts_->store->stats();
  return {stats.open_bytes_done, stats.open_bytes_total};
}

Result<roles::Reindexed> Farm::reindex(const Config& config,
                                       const roles::ReindexProgress& progress) {
  FARM_TRY(require_store(config));
  Parts parts(config);
  parts.renderer = render::make_in_process_renderer(config.image);  // nothing asks it
  FARM_TRY(parts.open_store());
  FARM_TRY(parts.open_catalog());
  FARM_TRY(parts.store->load(parts.stop_opening));
  auto done = parts.reindex(progress);
  parts.stop();
  return done;
}

std::string Farm::address() const { return parts_->server->address(); }
void Farm::stop() { parts_->stop(); }

}  // namespace farm::app
