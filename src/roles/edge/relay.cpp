#include "roles/edge/relay.h"

#include <array>
#include <charconv>

#include "cache/http/forwarding.h"
#include "cache/http/partial.h"
#include "cache/http/tags.h"
#include "obs/log.h"
#include "roles/edge/fetcher.h"

namespace farm::roles {
namespace {

constexpr std::size_t kPieceBytes = 64 << 10;

std::string client_of(const net::Exchange& exchange) {
  std::string peer = exchange.peer();
  peer.resize(std::min(peer.rfind(':'), peer.size()));
  if (peer.starts_with('[') && peer.ends_with(']')) peer = peer.substr(1, peer.size() - 2);
  return peer;
}

// What Content-Length says to the client: to HEAD, what a GET's body would have.
std::optional<std::uint64_t> announced_bytes(net::Method method, const net::UpstreamHead& head) {
  if (method != net::Method::kHead) return head.body_bytes;
  const auto told = cache::find_header(head.headers, "Content-Length");
  std::uint64_t bytes = 0;
  if (!told) return std::nullopt;
  const auto parsed = std::from_chars(told->data(), told->data() + told->size(), bytes);
  return parsed.ec == std::errc() ? std::optional(bytes) : std::nullopt;
}

}  // namespace

// What is kept beside a body that goes through.
struct Relay::Tee {
  Tee() = default;
  ~Tee() {
    if (among != nullptr) among->fetch_sub(1);
  }
  Tee(const Tee&) = delete;
  Tee& operator=(const Tee&) = delete;

  // As many at once as there may be fills: each holds a whole body.
  void take_place(std::atomic<std::uint32_t>& places_taken, std::uint32_t most) {
    among = &places_taken;
    if (places_taken.fetch_add(1) >= most) on = false;
  }

  bool on = false;
  std::atomic<std::uint32_t>* among = nullptr;
  Tiers::Response response;
  std::optional<net::ByteRange> range;  // of a 206
  std::uint64_t complete_bytes = 0;
  Bytes body;
};

UpstreamCallRequest make_call(const net::Exchange& exchange, const Ask& ask, const EdgeParts& parts,
                              bool for_fill, const cache::ObjectRef& validating) {
  const net::RequestHead& request = exchange.request();
  const std::string client = client_of(exchange);
  cache::ForwardingFacts facts;
  facts.via_name = parts.via_name;
  facts.client = client;
  facts.minor_version = request.minor_version;
  facts.for_fill = for_fill;
  // What many will get may not depend on a host that is not part of its key.
  facts.host = ask.host_bytes > 0 ? ask.host() : for_fill ? parts.public_host : request.host;
  std::string modified;
  if (validating) {
    facts.if_none_match = validating->etag();
    const auto lines = cache::parse_header_lines(cache::header_lines(*validating));
    modified = cache::find_header(lines, "Last-Modified").value_or("");
    facts.if_modified_since = modified;
  }
  UpstreamCallRequest call;
  call.method = for_fill ? "GET" : std::string(request.method_text);
  call.target = parts.routes.target(*ask.route, request.path, request.query);
  cache::append_forwarded_headers(call.lines, request.headers, facts);
  if (!for_fill) {
    call.chunked = request.chunked;
    call.content_length = request.content_length;
    const bool expects_body = request.method == net::Method::kPost ||
                              request.method == net::Method::kPut ||
                              request.method == net::Method::kPatch;
    if (expects_body && !call.chunked) call.content_length = request.content_length.value_or(0);
  }
  return call;
}

io::Task<void> send_gateway_error(net::Exchange& exchange, Error error) {
  const int status = gateway_status(error);
  static constexpr std::string_view kDetail =
      "the server behind this one did not give a good answer";
  static constexpr std::string_view kBusy = "too much is asked of the server behind this one";
  if (status == 503) {
    (void)co_await exchange.send_problem(503, std::string(kBusy), "Retry-After: 1\r\n");
  } else {
    (void)co_await exchange.send_problem(status, std::string(kDetail));
  }
}

Relay::Relay(EdgeParts& parts, Tiers& tiers)
    : parts_(parts),
      tiers_(tiers),
      relayed_(parts.metrics.counter("photofarm_edge_relayed_total",
                                     "Requests passed on that the cache does not answer.")) {}

io::Task<Result<void>> Relay::send_request(net::Exchange& exchange, UpstreamCall& call) {
  FARM_CO_TRY(co_await call.send());
  if (!exchange.request().has_body()) co_return ok();
  Bytes piece(kPieceBytes);
  std::uint64_t total = 0;
  while (call.exchange().takes_body()) {
    FARM_CO_TRY(const std::size_t count, co_await exchange.read_body(piece));
    if (count == 0) co_return co_await call.exchange().end_body();
    total += count;
    if (total > parts_.config.max_body_bytes) {
      co_return fail(ErrorCode::kTooLarge, "net", "the request's body is too large");
    }
    FARM_CO_TRY(co_await call.exchange().write_body(ByteView(piece).first(count)));
  }
  co_return ok();
}

io::Task<Result<net::UpstreamHead>> Relay::final_head(net::Exchange& exchange, UpstreamCall& call) {
  for (;;) {
    FARM_CO_TRY(const net::UpstreamHead head, co_await call.read_head());
    if (head.status >= 200) co_return head;
    if (head.status == 100) continue;  // the client was told by us
    std::string lines;
    cache::append_interim_headers(lines, head.headers);
    FARM_CO_TRY(co_await exchange.send_interim(head.status, lines));
  }
}

io::Task<void> Relay::pass(net::Exchange& exchange, const Ask& ask, cache::Fwd fwd,
                           net::Upstreams& upstreams, cache::ObjectRef part) {
  relayed_.add();
  const net::RequestHead& request = exchange.request();
  if (request.content_length.value_or(0) > parts_.config.max_body_bytes) {
    (void)co_await exchange.send_problem(413, "the body is larger than is taken here");
    co_return;
  }
  const Tiers::Mark mark = tiers_.mark();
  cache::ResponseTimes times;
  times.request_ms = parts_.clock.now_ms();
  UpstreamCall call(upstreams, *ask.route->pool,
                    make_call(exchange, ask, parts_, false, cache::ObjectRef()));
  const Result<void> sent = co_await send_request(exchange, call);
  if (!sent) {
    exchange.annotate(cache::cache_status_line(parts_.config.name, {.fwd = fwd}));
    if (sent.error().code == ErrorCode::kTooLarge) {
      (void)co_await exchange.send_problem(413, "the body is larger than is taken here");
    } else {
      co_await send_gateway_error(exchange, sent.error());
    }
    co_return;
  }
  const auto answered = co_await final_head(exchange, call);
  if (!answered) {
    obs::log_warn("an upstream gave no answer",
                  {{"pool", ask.route->pool->name()}, {"error", answered.error().message()}});
    exchange.annotate(cache::cache_status_line(parts_.config.name, {.fwd = fwd}));
    co_await send_gateway_error(exchange, answered.error());
    co_return;
  }
  const net::UpstreamHead& head = answered.value();
  times.response_ms = parts_.clock.now_ms();
  Tee tee;
  tee.response = make_response(ask.key, head, request.headers, parts_.via_name, {}, times, mark);
  watch_part(ask, request.headers, head, tee);
  if (tee.on) tee.take_place(tees_, parts_.cache_config.max_fills);
  invalidate(request, ask, head);
  std::string more = cache::cache_status_line(
      parts_.config.name, {.fwd = fwd, .fwd_status = head.status, .stored = tee.on});
  const auto age = cache::initial_age(head.headers, times.request_ms, times.response_ms);
  if (cache::find_header(head.headers, "Age")) more += "Age: " + std::to_string(age) + "\r\n";
  const net::ReadyResponse response = {
      .status = head.status, .head = tee.response.head, .more = more};
  const Result<void> begun =
      co_await exchange.begin_ready(response, announced_bytes(request.method, head));
  if (!begun) co_return;
  const Result<void> copied = co_await copy_body(exchange, call, head, tee);
  if (!copied) {
    exchange.close_after();
    co_return;
  }
  (void)co_await exchange.end();
  if (tee.on) keep(tee, part);
}

io::Task<Result<void>> Relay::copy_body(net::Exchange& exchange, UpstreamCall& call,
                                        const net::UpstreamHead& head, Tee& tee) {
  if (head.body_bytes && *head.body_bytes == 0) co_return ok();
  Bytes piece(kPieceBytes);
  for (;;) {
    FARM_CO_TRY(const std::size_t count, co_await call.exchange().read_body(piece));
    if (count == 0) co_return ok();
    const ByteView bytes = ByteView(piece).first(count);
    if (tee.on && tee.body.size() + count > parts_.cache_config.disk_object_max_bytes) {
      tee.on = false;
      tee.body = {};
    }
    if (tee.on) tee.body.insert(tee.body.end(), bytes.begin(), bytes.end());
    FARM_CO_TRY(co_await exchange.write(bytes));
  }
}

// Whether what goes through is kept as well: the answer to a range, whole or a part.
void Relay::watch_part(const Ask& ask, cache::Headers request, const net::UpstreamHead& head,
                       Tee& tee) {
  if (!ask.ranged || ask.control.no_store) return;
  const Millis now_ms = tee.response.meta.stored_ms;
  cache::StoreDecision decision;
  if (head.status == 206) {
    const auto facts = cache::part_facts(head.headers);
    if (!facts || facts->complete_bytes > parts_.cache_config.disk_object_max_bytes) return;
    if (cache::partial_storability(net::Method::kGet, request, head.headers) !=
        cache::Storability::kYes) {
      return;
    }
    tee.range = facts->range;
    tee.complete_bytes = facts->complete_bytes;
    decision.stored = true;
    decision.lifetime = cache::freshness_lifetime(head.headers, now_ms).value_or(0);
  } else if (head.status == 200) {
    decision =
        cache::decide_store(request, 200, head.headers, store_rules(parts_, ask.route), now_ms);
  }
  if (!decision.stored) return;
  if (head.body_bytes.value_or(0) > parts_.cache_config.disk_object_max_bytes) return;
  if (cache::response_cache_control(head.headers).no_cache) decision.flags |= cache::kMustValidate;
  const cache::ResponseTimes times = {.request_ms = now_ms, .response_ms = now_ms};
  const std::uint64_t mark = tee.response.meta.purge_seq;
  tee.response.meta = cache::make_meta(200, head.headers, decision, times, mark);
  tee.on = true;
}

void Relay::keep(const Tee& tee, const cache::ObjectRef& part) {
  Tiers::Response response = tee.response;
  if (!tee.range) {
    response.body = {tee.body};
    response.body_bytes = tee.body.size();
    tiers_.store(response);
    return;
  }
  // A part is stored with the head of the whole that it belongs to.
  const std::string_view kept_lines =
      std::string_view(tee.response.head).substr(tee.response.head.find("\r\n") + 2);
  const auto fields = cache::parse_header_lines(kept_lines);
  std::optional<cache::PartialBody> body;
  if (part) {
    const auto stored = cache::PartialView::parse(part->body());
    const auto stored_fields = cache::parse_header_lines(cache::header_lines(*part));
    if (stored && stored->complete_bytes() == tee.complete_bytes &&
        cache::may_combine(stored_fields, fields)) {
      body.emplace(*stored);
    }
  }
  if (!body) body.emplace(tee.complete_bytes);
  if (!body->add(*tee.range, tee.body)) return;
  const cache::PartialView view = body->view();
  const net::ByteRange all = {0, tee.complete_bytes - 1};
  constexpr std::array<std::string_view, 1> kOfThePart = {"Content-Range"};
  response.head = cache::make_status_line(200, {}) + cache::join_header_lines(fields, kOfThePart);
  if (view.complete()) {
    response.body = {view.view(all)};
  } else {
    response.body = {body->bytes()};
    response.meta.flags |= cache::kPartialBody;
  }
  response.body_bytes = response.body.front().size();
  tiers_.store(response);
}

// RFC 9111 section 4.4.
void Relay::invalidate(const net::RequestHead& request, const Ask& ask,
                       const net::UpstreamHead& head) {
  if (!cache::invalidates(request.method, head.status)) return;
  tiers_.invalidate(ask.key);
  for (const std::string& target :
       cache::invalidated_targets("http", request.host, request.target(), head.headers)) {
    tiers_.invalidate(std::string(ask.host()) + target);
  }
}

}  // namespace farm::roles
