#include "roles/edge/fetcher.h"

#include <array>

#include "cache/http/forwarding.h"
#include "cache/http/tags.h"
#include "obs/log.h"

namespace farm::roles {
namespace {

using cache::Fill;
using cache::FillHead;
using cache::Headers;

constexpr std::string_view kFailedHelp = "Fetches that got no answer.";

bool is_server_error(int status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}

std::string vary_names(Headers headers) {
  std::string out;
  cache::for_each_member(headers, "Vary", [&](std::string_view name) {
    if (!out.empty()) out += ", ";
    out += name;
  });
  return out;
}

std::vector<net::HeaderView> stored_fields(const FetchPlan& plan) {
  return cache::parse_header_lines(cache::header_lines(*plan.validating));
}

UpstreamCallRequest without_conditions(UpstreamCallRequest call) {
  constexpr std::array<std::string_view, 2> kConditions = {"If-None-Match", "If-Modified-Since"};
  call.lines = cache::join_header_lines(cache::parse_header_lines(call.lines), kConditions);
  return call;
}

FillHead fill_head(const Tiers::Response& response, const net::UpstreamHead& head, bool stored) {
  FillHead out;
  out.status = head.status;
  out.lines = response.head;
  out.body_bytes = head.body_bytes;
  out.shared = stored;
  out.stored = stored;
  out.vary_key = response.vary_key;
  out.etag = std::string(cache::find_etag(response.head));
  out.last_modified_ms = response.meta.last_modified_ms;
  if (cache::find_header(head.headers, "Age")) out.age_s = response.meta.initial_age_s;
  return out;
}

}  // namespace

FetchFigures::FetchFigures(obs::Metrics& metrics)
    : fills(metrics.counter("photofarm_cache_fills_total", "Answers fetched to be kept.")),
      validated(metrics.counter("photofarm_cache_validated_total",
                                "Stored answers that the origin said are still good.")),
      stand_ins(metrics.counter("photofarm_cache_stand_ins_total",
                                "Stale answers given because the origin failed.")),
      failed(metrics.counter("photofarm_cache_fills_failed_total", kFailedHelp)),
      cut_short(metrics.counter("photofarm_cache_fills_cut_short_total",
                                "Fetches whose body ended before it was whole.")) {}

Tiers::Response make_response(const std::string& key, const net::UpstreamHead& head,
                              Headers request, std::string_view via_name,
                              const cache::StoreDecision& decision, cache::ResponseTimes times,
                              Tiers::Mark mark) {
  Tiers::Response out;
  out.key = key;
  out.head = cache::make_status_line(head.status, head.reason);
  cache::append_stored_headers(out.head, head.headers,
                               {.via_name = via_name,
                                .minor_version = head.minor_version,
                                .received_ms = times.response_ms});
  out.vary_key = cache::vary_key(head.headers, request).value_or("*");
  out.vary = vary_names(head.headers);
  out.tags = cache::cache_tags(head.headers);
  out.meta = cache::make_meta(head.status, head.headers, decision, times, mark.purges);
  out.changes = mark.changes;
  return out;
}

io::Task<void> Fetcher::run(std::shared_ptr<const FetchPlan> plan, std::shared_ptr<Fill> fill,
                            net::Upstreams& upstreams) {
  figures_.fills.add();
  // However it ends, nobody waits for it for ever.
  try {
    auto done = co_await fetch(*plan, *fill, upstreams);
    if (!done) fill->fail(std::move(done).error());
  } catch (const std::exception& error) {
    obs::log_error("a fetch threw", {{"what", error.what()}});
    fill->fail(make_error(ErrorCode::kInternal, "edge", "a fault of the server"));
  }
  parts_.fills.ended(plan->fill_key, fill);
}

cache::StoreRules store_rules(const EdgeParts& parts, const route::Route* route) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  cache::StoreRules out;
  if (route != nullptr && route->cache) {
    out.otherwise = static_cast<cache::Seconds>(duration_cast<seconds>(*route->cache).count());
  }
  out.negative_max =
      static_cast<cache::Seconds>(duration_cast<seconds>(parts.cache_config.negative_max).count());
  return out;
}

// The final head; interim ones are handed on as they come.
io::Task<Result<net::UpstreamHead>> Fetcher::read_head(UpstreamCall& call, Fill& fill) {
  FARM_CO_TRY(co_await call.send());
  for (;;) {
    auto head = co_await call.read_head();
    if (!head || head.value().status >= 200) co_return head;
    std::string lines;
    cache::append_interim_headers(lines, head.value().headers);
    fill.add_interim({head.value().status, std::move(lines)});
  }
}

bool Fetcher::stands_in(const FetchPlan& plan, Fill& fill, int upstream_status) {
  if (!plan.validating) return false;
  const auto freshness = cache::freshness_of(*plan.validating, parts_.clock.now_ms(), true);
  const auto control = cache::request_cache_control(plan.request_headers);
  if (!cache::may_stand_in_for_error(freshness, control)) return false;
  figures_.stand_ins.add();
  fill.set_object(
      {.object = plan.validating, .validated = false, .upstream_status = upstream_status});
  return true;
}

io::Task<Result<void>> Fetcher::fetch(const FetchPlan& plan, Fill& fill,
                                      net::Upstreams& upstreams) {
  const Tiers::Mark mark = tiers_.mark();
  cache::ResponseTimes times;
  times.request_ms = parts_.clock.now_ms();
  UpstreamCall call(upstreams, *plan.route->pool, plan.call);
  auto answered = co_await read_head(call, fill);
  bool conditional = static_cast<bool>(plan.validating);
  const bool misses_the_point =
      answered && plan.validating && answered.value().status == 304 &&
      !cache::is_validated_by(stored_fields(plan), answered.value().headers);
  if (misses_the_point) {
    call.again(without_conditions(plan.call));
    answered = co_await read_head(call, fill);
    conditional = false;
  }
  if (!answered) {
    figures_.failed.add();
    obs::log_warn("an upstream gave no answer",
                  {{"pool", plan.route->pool->name()}, {"error", answered.error().message()}});
    if (stands_in(plan, fill, 0)) co_return ok();
    co_return fail(std::move(answered).error());
  }
  const net::UpstreamHead& head = answered.value();
  times.response_ms = parts_.clock.now_ms();
  if (head.status == 304 && conditional) {
    co_return validated(plan, fill, head.headers, times, mark);
  }
  if (head.status == 304) {
    co_return farm::fail(ErrorCode::kCorrupt, "edge", "304 to a request without conditions");
  }
  if (is_server_error(head.status) && stands_in(plan, fill, head.status)) co_return ok();
  const cache::StoreDecision decision =
      cache::decide_store(plan.request_headers, head.status, head.headers,
                          store_rules(parts_, plan.route), times.response_ms);
  const bool stored =
      decision.stored && head.body_bytes.value_or(0) <= parts_.cache_config.disk_object_max_bytes;
  if (!stored) {
    parts_.fills.pass(plan.fill_key, fill);
    // Of that variant alone: others may be kept.
    if (decision.pass) tiers_.remember_pass(plan.fill_key);
  }
  Tiers::Response response =
      make_response(plan.key, head, plan.request_headers, parts_.via_name, decision, times, mark);
  fill.set_head(fill_head(response, head, stored));
  co_return co_await receive(plan, fill, call, std::move(response));
}

io::Task<Result<void>> Fetcher::receive(const FetchPlan& plan, Fill& fill, UpstreamCall& call,
                                        Tiers::Response response) {
  bool held = fill.holds_all();
  for (;;) {
    const bool wanted = co_await fill.room();
    if (!wanted) co_return farm::fail(ErrorCode::kClosed, "edge", "nobody wants the rest");
    auto count = co_await call.exchange().read_body(fill.space());
    if (!count) {
      figures_.cut_short.add();
      co_return fail(std::move(count).error());
    }
    if (count.value() == 0) break;
    fill.commit(count.value());
    if (held && !fill.holds_all()) {
      held = false;
      parts_.fills.pass(plan.fill_key, fill);
    }
  }
  if (fill.kept()) {
    response.body = fill.body();
    response.body_bytes = fill.body_bytes();
    tiers_.store(response);
  }
  fill.finish();
  co_return ok();
}

// The stored response with the 304's fields (RFC 9111 section 4.3.4).
Result<void> Fetcher::validated(const FetchPlan& plan, Fill& fill, Headers headers,
                                cache::ResponseTimes times, Tiers::Mark mark) {
  const cache::Object& old = *plan.validating;
  const auto merged = cache::merge_validated(stored_fields(plan), headers);
  std::vector<net::HeaderView> fields;
  for (const cache::HeaderField& field : merged) fields.push_back({field.name, field.value});
  const int status = old.meta().status;
  const cache::StoreDecision decision = cache::decide_store(
      plan.request_headers, status, fields, store_rules(parts_, plan.route), times.response_ms);
  net::UpstreamHead head;
  head.status = status;
  head.headers = fields;
  Tiers::Response response =
      make_response(plan.key, head, plan.request_headers, parts_.via_name, decision, times, mark);
  response.body = {old.body()};
  response.body_bytes = old.body().size();
  figures_.validated.add();
  cache::ObjectRef stored;
  if (decision.stored) stored = tiers_.store(response);
  // From now on it may not be kept. Not so if it is the request alone that forbids it.
  if (decision.pass) tiers_.invalidate(plan.key);
  const bool shared = static_cast<bool>(stored);
  if (!shared) parts_.fills.hide(plan.fill_key, fill);
  fill.set_object({.object = shared ? stored : plan.validating,
                   .validated = true,
                   .upstream_status = 304,
                   .shared = shared});
  return ok();
}

}  // namespace farm::roles
