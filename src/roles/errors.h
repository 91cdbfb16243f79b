// From an Error to an HTTP answer.
#pragma once

#include "net/exchange.h"

namespace farm::roles {

// The status that tells a client what to do about it.
int http_status(const Error& error);

// A problem+json answer with that status; Retry-After where trying again may help. What is our own
// fault is logged and not shown in detail.
io::Task<Result<void>> send_error(net::Exchange& exchange, Error error);

}  // namespace farm::roles
