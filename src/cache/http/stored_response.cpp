#include "cache/http/stored_response.h"

#include <algorithm>

#include "cache/http/negative.h"
#include "net/http_date.h"
#include "net/response_head.h"

namespace farm::cache {
namespace {

// Statuses to which a route's rule gives a lifetime: those that are final words on a resource.
bool takes_rule(int status) {
  return status == 200 || status == 203 || status == 301 || status == 308 || status == 404 ||
         status == 410;
}

// Kept for nobody: what makes a response so is of the resource, not of the request.
bool is_of_the_resource(Storability why) {
  return why == Storability::kNoStore || why == Storability::kPrivate ||
         why == Storability::kSetCookie || why == Storability::kVaryStar ||
         why == Storability::kNoFreshness;
}

}  // namespace

std::vector<net::HeaderView> parse_header_lines(std::string_view lines) {
  std::vector<net::HeaderView> out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find("\r\n"), lines.size());
    const std::string_view line = lines.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      out.push_back({line.substr(0, colon), net::trim(line.substr(colon + 1))});
    }
    lines.remove_prefix(std::min(end + 2, lines.size()));
  }
  return out;
}

std::string join_header_lines(Headers headers, std::span<const std::string_view> without) {
  std::string out;
  for (const net::HeaderView& header : headers) {
    const auto is_its_name = [&](std::string_view name) {
      return net::equals_ignoring_case(name, header.name);
    };
    if (std::ranges::any_of(without, is_its_name)) continue;
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  return out;
}

std::string_view status_line(const Object& object) {
  const std::string_view head = object.head();
  return head.substr(0, std::min(head.find("\r\n") + 2, head.size()));
}

std::string_view header_lines(const Object& object) {
  return object.head().substr(status_line(object).size());
}

StoreDecision decide_store(Headers request, int status, Headers response, const StoreRules& rules,
                           Millis response_ms) {
  StoreDecision out;
  const Storability why = storability(net::Method::kGet, request, status, response);
  const auto own = freshness_lifetime(response, response_ms);
  const bool by_rule = rules.otherwise && !own && takes_rule(status);
  out.stored = why == Storability::kYes || (why == Storability::kNoFreshness && by_rule);
  if (!out.stored) {
    const bool asked_not_to = parse_cache_control(request).no_store;
    out.pass = is_of_the_resource(why) && !asked_not_to && status < 500;
    return out;
  }
  out.lifetime = own.value_or(by_rule ? *rules.otherwise : 0);
  out.lifetime = bounded_lifetime(status, out.lifetime, rules.negative_max);
  if (response_cache_control(response).no_cache) out.flags |= kMustValidate;
  return out;
}

ObjectMeta make_meta(int status, Headers response, const StoreDecision& decision,
                     ResponseTimes times, std::uint64_t purge_seq) {
  ObjectMeta meta;
  meta.status = static_cast<std::uint16_t>(status);
  meta.flags = decision.flags;
  meta.purge_seq = purge_seq;
  meta.stored_ms = times.response_ms;
  meta.initial_age_s = initial_age(response, times.request_ms, times.response_ms);
  meta.fresh_until_ms =
      times.response_ms + (Millis{decision.lifetime} - Millis{meta.initial_age_s}) * 1000;
  if (const auto modified = find_header(response, "Last-Modified")) {
    meta.last_modified_ms = net::parse_http_date(*modified).value_or(0);
  }
  return meta;
}

std::string make_status_line(int status, std::string_view reason) {
  if (reason.empty()) reason = net::reason_phrase(status);
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason) + "\r\n";
}

StoredFreshness freshness_of(const Object& object, Millis now_ms, bool with_control) {
  const ObjectMeta& meta = object.meta();
  StoredFreshness out;
  out.age = current_age(meta.initial_age_s, meta.stored_ms, now_ms);
  const Millis lifetime =
      (meta.fresh_until_ms - meta.stored_ms) / 1000 + Millis{meta.initial_age_s};
  out.lifetime = object.expired() ? 0 : static_cast<Seconds>(std::max<Millis>(0, lifetime));
  if (with_control) out.control = response_cache_control(parse_header_lines(header_lines(object)));
  return out;
}

std::string_view find_etag(std::string_view lines) {
  for (const net::HeaderView& header : parse_header_lines(lines)) {
    if (net::equals_ignoring_case(header.name, "ETag")) return header.value;
  }
  return {};
}

}  // namespace farm::cache
