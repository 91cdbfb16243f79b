// What a client says it takes. Pure; thread-safe.
#pragma once

#include <string_view>

#include "net/request_head.h"

namespace farm::net {

// Whether the request's Accept (RFC 9110 section 12.5.1; all lines of it) names this media type and
// does not refuse it (q=0). Wildcards do not count: nearly every client sends "*/*", also those
// that cannot show newer formats.
bool accepts_by_name(const RequestHead& request, std::string_view media_type);

}  // namespace farm::net
