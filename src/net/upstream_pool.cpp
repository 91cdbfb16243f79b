#include "net/upstream_pool.h"

#include <utility>

namespace farm::net {
namespace {

constexpr std::chrono::milliseconds kTick{100};

void less(std::atomic<std::uint64_t>& figure) { figure.fetch_sub(1, std::memory_order_relaxed); }
void more(std::atomic<std::uint64_t>& figure) { figure.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

UpstreamPool::UpstreamPool(io::Executor executor, UpstreamConfig config)
    : executor_(executor),
      config_(config),
      lookup_(std::make_shared<HostLookup>(executor)),
      timer_(executor) {}

Result<UpstreamPool::Lease> UpstreamPool::lease(const UpstreamServer& server) {
  const std::string name = server.host + ":" + std::to_string(server.port);
  Server& entry = servers_[name];
  Lease out;
  out.connection_ = take_idle(entry);
  if (!out.connected()) {
    if (entry.open >= config_.max_open_per_server) {
      return fail(ErrorCode::kBusy, "net",
                  "there are " + std::to_string(entry.open) + " connections to " + name);
    }
    if (entry.open == 0) {
      entry.address = server;
      entry.name = name;
    }
    ++entry.open;
    more(figures_.open);
  } else {
    more(figures_.reuses);
  }
  out.server_ = &entry;
  out.pool_ = shared_from_this();
  return out;
}

// The one that was used last: the others may grow old.
std::unique_ptr<UpstreamConnection> UpstreamPool::take_idle(Server& server) {
  while (!server.idle.empty()) {
    auto connection = std::move(server.idle.back().connection);
    server.idle.pop_back();
    less(figures_.idle);
    if (connection->is_quiet()) return connection;
    --server.open;
    less(figures_.open);
  }
  return nullptr;
}

void UpstreamPool::drop_oldest(Server& server) {
  server.idle.pop_front();
  less(figures_.idle);
  --server.open;
  less(figures_.open);
}

void UpstreamPool::free_place(Server& server) {
  --server.open;
  less(figures_.open);
  if (server.open == 0) servers_.erase(servers_.find(server.name));
}

void UpstreamPool::close() {
  closed_ = true;
  for (auto at = servers_.begin(); at != servers_.end();) {
    Server& server = at->second;
    while (!server.idle.empty()) drop_oldest(server);
    at = server.open == 0 ? servers_.erase(at) : std::next(at);
  }
}

void UpstreamPool::supervise(UpstreamConnection& connection) {
  supervised_.push_back(connection);
  start_ticking();
}

// Ticks for as long as there are connections, so that an event loop without any may end.
void UpstreamPool::start_ticking() {
  if (ticking_) return;
  ticking_ = true;
  timer_.expires_after(kTick);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->ticking_ = false;
    self->tick();
  });
}

void UpstreamPool::tick() {
  const std::int64_t now_ms = monotonic_ms();
  for (auto item = supervised_.begin(); item != supervised_.end();) {
    (item++)->check(now_ms, false);
  }
  for (auto at = servers_.begin(); at != servers_.end();) {
    Server& server = at->second;
    while (!server.idle.empty() &&
           now_ms - server.idle.front().since_ms >= config_.idle_timeout.count()) {
      drop_oldest(server);
    }
    at = server.open == 0 ? servers_.erase(at) : std::next(at);
  }
  if (!supervised_.empty()) start_ticking();
}

UpstreamPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::move(other.pool_)),
      server_(std::exchange(other.server_, nullptr)),
      connection_(std::move(other.connection_)) {}

UpstreamPool::Lease& UpstreamPool::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = std::move(other.pool_);
    server_ = std::exchange(other.server_, nullptr);
    connection_ = std::move(other.connection_);
  }
  return *this;
}

io::Task<Result<void>> UpstreamPool::Lease::connect(std::chrono::milliseconds timeout) {
  connection_.reset();
  FARM_CO_TRY(auto addresses, co_await pool_->lookup_->find(server_->address.host, timeout));
  connection_ =
      std::make_unique<UpstreamConnection>(pool_->executor_, pool_->config_, server_->name);
  pool_->supervise(*connection_);
  const auto connected =
      co_await connection_->connect(std::move(addresses), server_->address.port, timeout);
  if (connected) {
    more(pool_->figures_.connects);
  } else {
    connection_.reset();
  }
  co_return connected;
}

void UpstreamPool::Lease::give_back() {
  const bool keep =
      connection_ != nullptr && !pool_->closed_ && pool_->config_.max_idle_per_server > 0;
  if (!keep) return release();
  if (server_->idle.size() >= pool_->config_.max_idle_per_server) pool_->drop_oldest(*server_);
  server_->idle.push_back({std::move(connection_), monotonic_ms()});
  more(pool_->figures_.idle);
  server_ = nullptr;
  pool_.reset();
}

void UpstreamPool::Lease::release() {
  if (!pool_) return;
  connection_.reset();
  pool_->free_place(*std::exchange(server_, nullptr));
  pool_.reset();
}

}  // namespace farm::net
