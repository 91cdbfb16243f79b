// The head of a request to another server, checked and put together. Pure; thread-safe. Internal to
// net.
#pragma once

#include <string>

#include "base/result.h"
#include "net/upstream.h"

namespace farm::net {

// The whole head, with its empty line. kInvalidArgument for what would not stay one request of that
// method, target and body on its way: control characters, lines that are no field, framing fields
// of the caller's own, no Host or two.
Result<std::string> upstream_request_text(const UpstreamRequest& request);

// RFC 9110 section 9.2.2.
bool may_be_repeated(std::string_view method);

}  // namespace farm::net
