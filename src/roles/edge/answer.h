// A stored response, sent to who asks for it: whole, not modified, or in parts.
#pragma once

#include "cache/http/cache_status.h"
#include "cache/object.h"
#include "net/exchange.h"

namespace farm::roles {

// By one system call, without a coroutine; `object` is taken over. False, with nothing sent or
// taken, if the request wants what only answer_stored() can give.
bool answer_stored_now(net::Exchange& exchange, cache::ObjectRef& object, Millis now_ms,
                       std::string_view cache_name, cache::CacheStatus status);

// The object is no marker and no part. Exactly one answer.
io::Task<void> answer_stored(net::Exchange& exchange, cache::ObjectRef object, Millis now_ms,
                             std::string_view cache_name, cache::CacheStatus status);

// Of a part that holds `range` (partial.h): 206.
io::Task<void> answer_part(net::Exchange& exchange, cache::ObjectRef object, Millis now_ms,
                           std::string_view cache_name, cache::CacheStatus status);
// Whether answer_part() can: the request's one range lies in what is there.
bool has_part(const net::RequestHead& request, const cache::Object& object);

}  // namespace farm::roles
