#include "net/upstream.h"

#include "net/upstream_exchange.h"
#include "net/upstream_pool.h"
#include "net/upstream_request.h"

namespace farm::net {
namespace {

constexpr std::chrono::milliseconds kMinTimeout{1};
constexpr std::int64_t kMaxConnections = 65'536;
constexpr config::Range kHeadRange{1 << 10, 1 << 20};

// A coroutine of its own, that holds what it needs: an Upstreams may end while a request begins.
io::Task<Result<std::unique_ptr<UpstreamExchange>>> send_from(std::shared_ptr<UpstreamPool> pool,
                                                              UpstreamServer server,
                                                              UpstreamRequest request) {
  FARM_CO_TRY(std::string head_text, upstream_request_text(request));
  auto lease = pool->lease(server);
  if (!lease) {
    pool->figures().failures.fetch_add(1, std::memory_order_relaxed);
    co_return fail(std::move(lease).error());
  }
  auto exchange = std::make_unique<PooledExchange>(std::move(lease).value(), pool, request,
                                                   std::move(head_text));
  FARM_CO_TRY(co_await exchange->start());
  co_return std::unique_ptr<UpstreamExchange>(std::move(exchange));
}

}  // namespace

void read_config(config::Table table, UpstreamConfig& out) {
  table.read_duration("connect_timeout", out.connect_timeout, {.min = kMinTimeout});
  table.read_duration("head_timeout", out.head_timeout, {.min = kMinTimeout});
  table.read_duration("transfer_grace", out.transfer_grace, {.min = kMinTimeout});
  table.read_size("min_rate", out.min_rate, {.min = 1});
  table.read_duration("idle_timeout", out.idle_timeout);
  table.read("max_idle_per_server", out.max_idle_per_server, {.min = 0, .max = kMaxConnections});
  table.read("max_open_per_server", out.max_open_per_server, {.min = 1, .max = kMaxConnections});
  table.read_size("max_head", out.max_head_bytes, kHeadRange);
}

Upstreams::Upstreams(io::Executor executor, UpstreamConfig config)
    : pool_(std::make_shared<UpstreamPool>(executor, config)) {}

Upstreams::~Upstreams() { pool_->close(); }

io::Task<Result<std::unique_ptr<UpstreamExchange>>> Upstreams::send(UpstreamServer server,
                                                                    UpstreamRequest request) {
  return send_from(pool_, std::move(server), request);
}

const UpstreamFigures& Upstreams::figures() const { return pool_->figures(); }

}  // namespace farm::net
