// Conditional requests (RFC 9110 section 13). Pure; thread-safe.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "net/request_head.h"

namespace farm::net {

enum class Precondition {
  kProceed,
  kNotModified,  // answer 304
  kFailed,       // answer 412
};

// In the order of section 13.2.2. `etag` with its quotes, and W/ where it is weak; empty if there
// is none. `modified_ms` is cut to seconds as Last-Modified shows it; 0: there is none.
Precondition evaluate_preconditions(const RequestHead& request, std::string_view etag,
                                    Millis modified_ms);

// Whether a Range header counts: there is no If-Range, or it names this very representation.
bool range_applies(const RequestHead& request, std::string_view etag, Millis modified_ms);

}  // namespace farm::net
