// Whether a response may be kept by a shared cache, under which variant, with which fields, and
// what other requests make of it: RFC 9111 sections 3, 4.1, 4.3.4 and 4.4. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "cache/http/cache_control.h"

namespace farm::cache {

enum class Storability : std::uint8_t {
  kYes,
  kMethod,         // not GET
  kStatus,         // not final, partial, about the request alone, or not understood where asked for
  kNoStore,        // of the response or of the request
  kPrivate,        // the response is for one user
  kAuthorization,  // so is the request, and nothing allows it (section 3.5)
  kSetCookie,      // never shared, whatever else the response says
  kVaryStar,       // no request would match it (section 4.1)
  kNoFreshness,    // neither a time for which it is good (no heuristics) nor a validator
};

// Section 3, for a shared cache. 206 and 304 are not for this function.
Storability storability(net::Method method, Headers request, int status, Headers response);

// The part of a key that Vary adds: names and the request's values, alike for requests that match
// (section 4.1, values normalized in white space and in lines). Empty without Vary; nothing for
// "*".
std::optional<std::string> vary_key(Headers response, Headers request);

// Section 3.1: whether a field is kept, and passed on. `connection`: that response's own, which
// names more of them.
bool is_stored_field(std::string_view name, Headers response);

struct HeaderField {
  std::string name;
  std::string value;
};
// The stored response's fields after a 304 has validated it (sections 3.2 and 4.3.4): the 304's
// take the place of those of the same name, but for those that belong to the stored bytes, and
// Set-Cookie, which is for one user. What tells of the stored message's way (Age, Date, Via,
// Cache-Status) goes, even where the 304 has none. Ask storability() again of what comes out: a 304
// may say no-store.
std::vector<HeaderField> merge_validated(Headers stored, Headers not_modified);

// Section 4.3.4: whether a 304 is about this stored response: none of its validators is another
// one. If it is not, ask the origin again, without conditions.
bool is_validated_by(Headers stored, Headers not_modified);

// Section 4.4: whether what is stored under the request's URI is good no longer.
bool invalidates(net::Method method, int status);

// Which targets besides: those that Location and Content-Location name, if they are of the same
// origin. `scheme`, `host` (with its port if the client named one) and `target` ("/path?query") are
// the request's. Relative references are resolved (RFC 3986 section 5.2); fragments are cut.
std::vector<std::string> invalidated_targets(std::string_view scheme, std::string_view host,
                                             std::string_view target, Headers response);

}  // namespace farm::cache
