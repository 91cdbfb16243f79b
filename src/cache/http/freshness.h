// How long a stored response is good, and whether it may answer a request: RFC 9111 section 4.2,
// RFC 5861, RFC 9213. Pure; thread-safe; times are wall clock, in milliseconds, or whole seconds.
#pragma once

#include "base/clock.h"
#include "cache/http/cache_control.h"

namespace farm::cache {

// Section 4.2.1, in this order: CDN-Cache-Control (its s-maxage or max-age) in place of all else,
// s-maxage, max-age, Expires less Date. Nothing where the response tells none: no heuristics.
// `response_ms`: when it came; it stands in for a missing Date.
std::optional<Seconds> freshness_lifetime(Headers response, Millis response_ms);

// corrected_initial_age of section 4.2.3: how old the response was when it came.
Seconds initial_age(Headers response, Millis request_ms, Millis response_ms);

// current_age of section 4.2.3.
Seconds current_age(Seconds initial_age, Millis response_ms, Millis now_ms);

// What is known of a stored response when it is asked for.
struct StoredFreshness {
  Seconds lifetime = 0;
  Seconds age = 0;  // now
  CacheControl control;

  bool fresh() const { return age < lifetime; }
  Seconds staleness() const { return age < lifetime ? 0 : age - lifetime; }
};

enum class Reuse : std::uint8_t {
  kFresh,
  kStale,                 // the client takes it so: max-stale
  kStaleWhileRevalidate,  // answer with it, and validate meanwhile (RFC 5861 section 3)
  kValidate,              // ask the origin first
};

// Section 4.2 and 5.2.1, the request's directives with it.
Reuse decide_reuse(const StoredFreshness& stored, const CacheControl& request);

// Whether it may stand in for an origin that failed, or answered 500, 502, 503 or 504:
// stale-if-error of either side (RFC 5861 section 4), unless must-revalidate and its like forbid
// it.
bool may_stand_in_for_error(const StoredFreshness& stored, const CacheControl& request);

// Of a request, for want of Cache-Control: Pragma: no-cache (section 5.4).
CacheControl request_cache_control(Headers request);

}  // namespace farm::cache
