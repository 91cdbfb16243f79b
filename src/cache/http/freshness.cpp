#include "cache/http/freshness.h"

#include <algorithm>
#include <charconv>

#include "net/http_date.h"

namespace farm::cache {
namespace {

Seconds whole_seconds(Millis ms) {
  return static_cast<Seconds>(std::clamp<Millis>(ms / 1000, 0, kMaxSeconds));
}

Seconds sum(Seconds a, Seconds b) {
  return static_cast<Seconds>(
      std::min<std::uint64_t>(std::uint64_t{a} + b, std::uint64_t{kMaxSeconds}));
}

Millis date_of(Headers response, Millis response_ms) {
  const auto date = find_header(response, "Date");
  return date ? net::parse_http_date(*date).value_or(response_ms) : response_ms;
}

// Section 5.1: an Age that is no number is left out; of several members, the first counts.
Seconds age_value(Headers response) {
  const auto field = find_header(response, "Age");
  if (!field) return 0;
  std::string_view list = *field;
  const std::string_view text = take_member(list);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return 0;
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc()) return kMaxSeconds;
  return static_cast<Seconds>(std::min<std::uint64_t>(value, kMaxSeconds));
}

// Section 4.2.4: may never be used stale by a shared cache. s-maxage means proxy-revalidate as well
// (section 5.2.2.10).
bool forbids_stale(const CacheControl& response) {
  return response.must_revalidate || response.proxy_revalidate || response.no_cache ||
         response.s_maxage.has_value();
}

}  // namespace

std::optional<Seconds> freshness_lifetime(Headers response, Millis response_ms) {
  const auto targeted = parse_cdn_cache_control(response);
  const CacheControl control = targeted ? *targeted : parse_cache_control(response);
  if (control.s_maxage) return control.s_maxage;
  if (control.max_age) return control.max_age;
  if (targeted) return std::nullopt;  // in place of Expires too (RFC 9213 section 2.2)
  const auto expires = find_header(response, "Expires");
  if (!expires) return std::nullopt;
  const auto at = net::parse_http_date(*expires);
  if (!at) return 0;  // section 5.3: in the past, "0" above all
  return whole_seconds(*at - date_of(response, response_ms));
}

Seconds initial_age(Headers response, Millis request_ms, Millis response_ms) {
  const Seconds apparent = whole_seconds(response_ms - date_of(response, response_ms));
  const Seconds delay = whole_seconds(response_ms - request_ms);
  return std::max(apparent, sum(age_value(response), delay));
}

Seconds current_age(Seconds initial_age, Millis response_ms, Millis now_ms) {
  return sum(initial_age, whole_seconds(now_ms - response_ms));
}

Reuse decide_reuse(const StoredFreshness& stored, const CacheControl& request) {
  if (stored.control.no_cache || request.no_cache) return Reuse::kValidate;
  if (request.max_age && stored.age > *request.max_age) return Reuse::kValidate;
  if (stored.fresh()) {
    const bool long_enough =
        !request.min_fresh || stored.lifetime - stored.age >= *request.min_fresh;
    return long_enough ? Reuse::kFresh : Reuse::kValidate;
  }
  if (request.min_fresh || forbids_stale(stored.control)) return Reuse::kValidate;
  if (request.max_stale && stored.staleness() <= *request.max_stale) return Reuse::kStale;
  const auto meanwhile = stored.control.stale_while_revalidate;
  // A max-age of the client's is its word on age, also of what is stale.
  if (meanwhile && stored.staleness() <= *meanwhile && !request.max_age) {
    return Reuse::kStaleWhileRevalidate;
  }
  return Reuse::kValidate;
}

bool may_stand_in_for_error(const StoredFreshness& stored, const CacheControl& request) {
  if (stored.fresh() && !stored.control.no_cache) return true;
  if (forbids_stale(stored.control)) return false;
  const auto within = [&](std::optional<Seconds> bound) {
    return bound && stored.staleness() <= *bound;
  };
  return within(stored.control.stale_if_error) || within(request.stale_if_error);
}

CacheControl request_cache_control(Headers request) {
  CacheControl control = parse_cache_control(request);
  if (!find_header(request, "Cache-Control")) {
    for_each_member(request, "Pragma", [&](std::string_view member) {
      if (net::equals_ignoring_case(member, "no-cache")) control.no_cache = true;
    });
  }
  return control;
}

}  // namespace farm::cache
