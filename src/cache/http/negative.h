// Negative answers, which a cache keeps for a shorter time than good ones: what is missing may
// come, and what is broken may be mended. Pure; thread-safe.
#pragma once

#include <algorithm>

#include "cache/http/cache_control.h"

namespace farm::cache {

// Errors of the client's (404, 410 …) and the server's.
inline bool is_negative(int status) { return status >= 400; }

// How long an answer is good that says itself that it is good for `lifetime`; no answer is kept
// longer than it says (RFC 9111 section 4.2), negative ones at most for `bound`.
inline Seconds bounded_lifetime(int status, Seconds lifetime, Seconds bound) {
  return is_negative(status) ? std::min(lifetime, bound) : lifetime;
}

}  // namespace farm::cache
