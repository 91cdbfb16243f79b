#include "roles/edge/edge.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "cache/http/forwarding.h"
#include "net/precondition.h"
#include "roles/edge/answer.h"
#include "roles/origin.h"

namespace farm::roles {
namespace {

using cache::CacheStatus;
using cache::Fill;
using cache::Fwd;
using cache::ObjectRef;

constexpr int kMostTries = 3;

bool is_read(net::Method method) {
  return method == net::Method::kGet || method == net::Method::kHead;
}

// Header fields as one text and views into it, for who outlives the request.
void copy_headers(const net::RequestHead& request, FetchPlan& plan) {
  plan.request_lines = cache::join_header_lines(request.headers);
  plan.request_headers = cache::parse_header_lines(plan.request_lines);
}

Fwd why(const Found& found) {
  if (found.kind == Found::Kind::kNothing || found.kind == Found::Kind::kPass) {
    return found.vary_miss ? Fwd::kVaryMiss : Fwd::kUriMiss;
  }
  return found.kind == Found::Kind::kPart ? Fwd::kPartial : Fwd::kStale;
}

}  // namespace

Edge::Edge(EdgeParts parts)
    : parts_(std::move(parts)),
      tiers_(parts_),
      fetcher_(parts_, tiers_),
      relay_(parts_, tiers_),
      upstreams_(parts_.net_threads),
      coalesced_(parts_.metrics.counter("photofarm_cache_coalesced_total",
                                        "Requests that shared another one's fetch.")),
      stale_(parts_.metrics.counter("photofarm_cache_stale_total",
                                    "Stale answers given while the origin was asked.")) {
  if (parts_.origin != nullptr) parts_.origin->set_keeper(this);
}

Edge::~Edge() = default;

void Edge::add_endpoints(net::EndpointTable& table) {
  table.set_fallback({.name = "edge",
                      .max_body_bytes = parts_.config.max_body_bytes,
                      .handle = [this](net::Exchange& exchange) { return answer(exchange); },
                      .at_once = [this](net::Exchange& exchange) { answer_now(exchange); }});
}

void Edge::stop() {
  parts_.fills.fail_all(make_error(ErrorCode::kUnavailable, "edge", "the server is stopping"));
  upstreams_.clear();
}

// The usual case: a fresh answer from memory, or one of this process's origin.
void Edge::answer_now(net::Exchange& exchange) {
  const net::RequestHead& request = exchange.request();
  if (!is_read(request.method) || !is_plain(request)) return;
  KeyRoom room;
  const std::string_view key = cache_key(parts_.routes, request, room);
  if (key.empty()) return;
  ObjectRef object = tiers_.find_in_memory(key);
  const Millis now_ms = parts_.clock.coarse_now_ms();
  if (object) {
    const cache::ObjectMeta& meta = object->meta();
    const bool fresh = !object->expired() && now_ms + Clock::kCoarseMs < meta.fresh_until_ms;
    if (!fresh || !cache::is_plain(meta) || !parts_.ready()) return;
    (void)answer_stored_now(exchange, object, now_ms, parts_.config.name, {.hit = true});
    return;
  }
  const bool own = parts_.origin != nullptr && parts_.routes.empty();
  if (!own || !parts_.origin->serves(request)) return;
  exchange.annotate(cache::cache_status_line(parts_.config.name, {.fwd = Fwd::kUriMiss}));
  parts_.origin->serve_now(exchange);
}

Ask Edge::make_ask(const net::Exchange& exchange, std::string key) const {
  const net::RequestHead& request = exchange.request();
  Ask ask;
  ask.key = std::move(key);
  ask.host_bytes = ask.key.size() - request.target().size();
  ask.route = parts_.routes.find(request.host, request.path);
  ask.own = ask.route == nullptr && parts_.origin != nullptr && parts_.origin->serves(request);
  ask.control = cache::request_cache_control(request.headers);
  ask.ranged = request.method == net::Method::kGet && request.find("Range").has_value();
  return ask;
}

io::Task<void> Edge::answer(net::Exchange& exchange) {
  const net::RequestHead& request = exchange.request();
  if (request.method == net::Method::kPurge && purge_) co_return co_await purge_(exchange);
  KeyRoom room;
  const std::string_view key = cache_key(parts_.routes, request, room);
  const bool has_target = !key.empty() && key.front() != '*';
  const Ask ask = has_target ? make_ask(exchange, std::string(key)) : Ask();
  if (!ask.known()) {
    // As where the origin has nothing: nobody is to tell these apart.
    exchange.annotate(cache::cache_status_line(parts_.config.name, {.fwd = Fwd::kUriMiss}));
    co_return co_await Origin::not_found(exchange);
  }
  if (ask.own) co_return co_await answer_own(exchange);
  if (cache::is_loop(request.headers, parts_.via_name)) {
    exchange.annotate(cache::cache_status_line(parts_.config.name, {.detail = "loop"}));
    (void)co_await exchange.send_problem(508, "this request has been here before");
    co_return;
  }
  const bool past_cache =
      !is_read(request.method) || request.has_body() || cache::is_for_origin_alone(request.headers);
  if (past_cache) {
    const Fwd fwd = is_read(request.method) ? Fwd::kBypass : Fwd::kMethod;
    net::Upstreams& mine = upstreams(exchange, co_await boost::asio::this_coro::executor);
    co_return co_await relay_.pass(exchange, ask, fwd, mine, ObjectRef());
  }
  co_await answer_cached(exchange, ask);
}

// The store answers; what it gives whole is kept.
io::Task<void> Edge::answer_own(net::Exchange& exchange) {
  const net::RequestHead& request = exchange.request();
  if (!is_read(request.method)) {
    (void)co_await exchange.send_problem(405, "this path does not take this method",
                                         "Allow: GET, HEAD\r\n");
    co_return;
  }
  const auto control = cache::request_cache_control(request.headers);
  const bool to_origin = cache::is_for_origin_alone(request.headers);
  Fwd fwd = to_origin ? Fwd::kBypass : Fwd::kUriMiss;
  const ObjectRef object = to_origin ? ObjectRef() : tiers_.find_in_memory(request.target());
  if (object && parts_.ready()) {
    const Millis now_ms = parts_.clock.now_ms();
    const auto reuse = cache::decide_reuse(cache::freshness_of(*object, now_ms, true), control);
    if (reuse == cache::Reuse::kFresh) {
      co_return co_await answer_stored(exchange, object, now_ms, parts_.config.name, {.hit = true});
    }
    fwd = Fwd::kRequest;
  }
  exchange.annotate(cache::cache_status_line(parts_.config.name, {.fwd = fwd}));
  if (control.only_if_cached) {
    (void)co_await exchange.send_problem(504, "it is not in the cache");
    co_return;
  }
  co_await parts_.origin->serve(exchange);
}

io::Task<void> Edge::answer_cached(net::Exchange& exchange, Ask ask) {
  const net::RequestHead& request = exchange.request();
  // Where nothing is kept, nobody waits for what another fetches.
  bool alone = parts_.keeps_nothing();
  for (int i = 0; i < kMostTries; ++i) {
    const Found found = co_await tiers_.find(ask.key, request.headers);
    const bool answered = co_await answer_found(exchange, ask, found);
    if (answered) co_return;
    Fwd fwd = why(found);
    if (fwd == Fwd::kStale &&
        cache::freshness_of(*found.object, parts_.clock.now_ms(), false).fresh()) {
      fwd = Fwd::kRequest;
    }
    if (ask.control.only_if_cached) {
      exchange.annotate(cache::cache_status_line(parts_.config.name, {.detail = "only-if-cached"}));
      (void)co_await exchange.send_problem(504, "it is not in the cache");
      co_return;
    }
    const bool stored = found.kind == Found::Kind::kResponse;
    alone = alone || found.kind == Found::Kind::kPass || i + 1 == kMostTries ||
            (!stored && (ask.ranged || request.method == net::Method::kHead));
    if (alone) {
      net::Upstreams& mine = upstreams(exchange, co_await boost::asio::this_coro::executor);
      const ObjectRef part = found.kind == Found::Kind::kPart ? found.object : ObjectRef();
      co_return co_await relay_.pass(exchange, ask, fwd, mine, part);
    }
    const Followed followed = co_await fetch(exchange, ask, found, fwd);
    if (followed == Followed::kAnswered) co_return;
    alone = followed == Followed::kAlone;
  }
}

// Answers with what is stored, if it may be used.
io::Task<bool> Edge::answer_found(net::Exchange& exchange, const Ask& ask, const Found& found) {
  if (!found.object) co_return false;
  const Millis now_ms = parts_.clock.now_ms();
  const auto freshness = cache::freshness_of(*found.object, now_ms, true);
  const cache::Reuse reuse = cache::decide_reuse(freshness, ask.control);
  if (reuse == cache::Reuse::kValidate) co_return false;
  if (found.kind == Found::Kind::kPart) {
    if (!ask.ranged || !has_part(exchange.request(), *found.object)) co_return false;
    co_await answer_part(exchange, found.object, now_ms, parts_.config.name, {.hit = true});
    co_return true;
  }
  if (reuse == cache::Reuse::kStaleWhileRevalidate) {
    stale_.add();
    const auto joined = parts_.fills.join(found.key);
    if (joined.started) {
      start(exchange, ask, found, joined.fill, co_await boost::asio::this_coro::executor);
    }
  }
  co_await answer_stored(exchange, found.object, now_ms, parts_.config.name, {.hit = true});
  co_return true;
}

std::shared_ptr<const FetchPlan> Edge::make_plan(const net::Exchange& exchange, const Ask& ask,
                                                 const Found& found) const {
  auto plan = std::make_shared<FetchPlan>();
  plan->key = ask.key;
  plan->fill_key = found.key;
  plan->route = ask.route;
  copy_headers(exchange.request(), *plan);
  plan->validating = found.kind == Found::Kind::kResponse ? found.object : ObjectRef();
  plan->call = make_call(exchange, ask, parts_, true, plan->validating);
  return plan;
}

// Whoever has joined the fill waits for it: if it cannot begin, they are told.
void Edge::start(net::Exchange& exchange, const Ask& ask, const Found& found,
                 std::shared_ptr<Fill> fill, io::Executor executor) {
  try {
    boost::asio::co_spawn(
        executor,
        fetcher_.run(make_plan(exchange, ask, found), fill, upstreams(exchange, executor)),
        boost::asio::detached);
  } catch (...) {
    fill->fail(make_error(ErrorCode::kInternal, "edge", "a fault of the server"));
    parts_.fills.ended(found.key, fill);
    throw;
  }
}

net::Upstreams& Edge::upstreams(net::Exchange& exchange, const io::Executor& executor) {
  auto& mine = upstreams_[exchange.thread_index()];
  if (!mine) {
    const std::lock_guard lock(upstreams_mutex_);
    mine = std::make_unique<net::Upstreams>(executor, parts_.upstream_config);
  }
  return *mine;
}

// Joins the fetch that is under way, or begins one.
io::Task<Edge::Followed> Edge::fetch(net::Exchange& exchange, const Ask& ask, const Found& found,
                                     Fwd fwd) {
  const auto joined = parts_.fills.join(found.key);
  if (!joined.fill) {
    exchange.annotate(cache::cache_status_line(parts_.config.name, {.detail = "max_fills"}));
    (void)co_await exchange.send_problem(503, "too much is being fetched; try again soon",
                                         "Retry-After: 1\r\n");
    co_return Followed::kAnswered;
  }
  Fill::Reader reader(joined.fill, joined.started);
  if (joined.started) {
    start(exchange, ask, found, joined.fill, co_await boost::asio::this_coro::executor);
  } else {
    coalesced_.add();
  }
  co_return co_await follow(exchange, found, reader, fwd);
}

// kAnswered: what came for another's request answers this one as well.
Edge::Followed Edge::share(const net::Exchange& exchange, const Found& found,
                           const Fill::Reader& reader, const Fill::Outcome& outcome) const {
  if (outcome.error) {
    const bool only_his_fault = outcome.error->code == ErrorCode::kInvalidArgument;
    return only_his_fault ? Followed::kAgain : Followed::kAnswered;
  }
  if (const ObjectRef& object = outcome.object.object) {
    if (!outcome.object.shared) return Followed::kAlone;
    // Another variant's, if a 304 has brought a Vary.
    return object->key() == found.key ? Followed::kAnswered : Followed::kAgain;
  }
  const cache::FillHead& head = *outcome.head;
  if (!head.shared || !reader.can_follow()) return Followed::kAlone;
  const auto lines = cache::parse_header_lines(head.lines);
  const bool same = cache::vary_key(lines, exchange.request().headers) == head.vary_key;
  return same ? Followed::kAnswered : Followed::kAgain;
}

io::Task<Edge::Followed> Edge::follow(net::Exchange& exchange, const Found& found,
                                      Fill::Reader& reader, Fwd fwd) {
  for (;;) {
    const auto interim = co_await reader.interim();
    if (!interim) break;
    const Result<void> sent = co_await exchange.send_interim(interim->status, interim->lines);
    if (!sent) co_return Followed::kAnswered;
  }
  const Fill::Outcome outcome = co_await reader.outcome();
  if (!reader.owner()) {
    const Followed shared = share(exchange, found, reader, outcome);
    if (shared != Followed::kAnswered) co_return shared;
  }
  CacheStatus status = {
      .fwd = fwd, .fwd_status = outcome.upstream_status(), .collapsed = !reader.owner()};
  if (outcome.error) {
    exchange.annotate(cache::cache_status_line(parts_.config.name, status));
    co_await send_gateway_error(exchange, *outcome.error);
    co_return Followed::kAnswered;
  }
  if (outcome.object.object) {
    status.stored = outcome.object.validated;
    if (!outcome.object.validated) status.detail = "stale-if-error";
    co_await answer_stored(exchange, outcome.object.object, parts_.clock.now_ms(),
                           parts_.config.name, status);
    co_return Followed::kAnswered;
  }
  const cache::FillHead& head = *outcome.head;
  status.stored = head.stored;
  std::string more = cache::cache_status_line(parts_.config.name, status);
  if (head.age_s) more += "Age: " + std::to_string(*head.age_s) + "\r\n";
  co_await stream(exchange, reader, head, more);
  co_return Followed::kAnswered;
}

io::Task<void> Edge::stream(net::Exchange& exchange, Fill::Reader& reader,
                            const cache::FillHead& head, std::string more) {
  const bool not_modified =
      head.status == 200 &&
      net::evaluate_preconditions(exchange.request(), head.etag, head.last_modified_ms) ==
          net::Precondition::kNotModified;
  if (not_modified) {
    const std::string_view lines = std::string_view(head.lines).substr(head.lines.find("\r\n") + 2);
    exchange.send_ready({.status = 304,
                         .status_line = "HTTP/1.1 304 Not Modified\r\n",
                         .head = lines,
                         .more = more},
                        reader.keep());
    co_return;
  }
  const net::ReadyResponse response = {.status = head.status, .head = head.lines, .more = more};
  const Result<void> begun = co_await exchange.begin_ready(response, head.body_bytes);
  if (!begun || !exchange.wants_body()) co_return;
  for (;;) {
    const auto bytes = co_await reader.next();
    if (!bytes) {
      exchange.close_after();  // so that nobody takes the part for the whole
      co_return;
    }
    if (bytes.value().empty()) break;
    const Result<void> sent = co_await exchange.write(bytes.value());
    if (!sent) co_return;
  }
  (void)co_await exchange.end();
}

void Edge::keep(const net::Exchange& exchange, const SizeFacts& facts, ByteView bytes,
                std::uint64_t mark) {
  if (facts.varies || bytes.size() > parts_.cache_config.memory_object_max_bytes) return;
  const Millis now_ms = parts_.clock.now_ms();
  Tiers::Response response;
  response.key = std::string(exchange.request().target());
  response.head = size_head(facts, now_ms);
  response.tags = "p" + facts.id.str();
  response.body = {bytes};
  response.body_bytes = bytes.size();
  response.meta.status = 200;
  response.meta.flags = cache::kNotForDisk;
  response.meta.stored_ms = now_ms;
  response.meta.fresh_until_ms = now_ms + kSizeLifetimeMs;
  response.meta.last_modified_ms = facts.changed_ms;
  response.meta.purge_seq = mark;
  response.changes = tiers_.mark().changes;  // no request changes what the origin has
  tiers_.store(response);
}

cache::EvictionHook offer_evicted(cache::DiskTier& disk) {
  return [&disk](const ObjectRef& object, bool asked_again) {
    // What was asked for once alone was offered when it came: once more would count as a request.
    if (!asked_again || (object->meta().flags & cache::kNotForDisk) != 0) return;
    disk.offer(object, true);
  };
}

}  // namespace farm::roles
