// What a request asks of the cache.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "cache/http/cache_control.h"
#include "net/request_head.h"
#include "route/routes.h"

namespace farm::roles {

// The key of a request: its target as sent; before it, in lower case and without a port, the host,
// where some route is for that host alone. Other hosts share their answers, and are not told to
// upstreams. Lies in the request, or in `room` where the host has to be put before it; empty if
// there is no room for that.
using KeyRoom = std::array<char, 1024>;
std::string_view cache_key(const route::Routes& routes, const net::RequestHead& request,
                           KeyRoom& room);

// Whether its headers ask for something else than "the whole, if it is fresh": a range, another
// reuse than usual, the origin's own word. If-None-Match and If-Modified-Since are usual.
bool is_plain(const net::RequestHead& request);

struct Ask {
  std::string key;
  std::size_t host_bytes = 0;           // of the key: the host before the target
  const route::Route* route = nullptr;  // null: for the origin of this process, or for nobody
  bool own = false;                     // for the origin of this process
  cache::CacheControl control;
  bool ranged = false;  // a GET with a Range

  std::string_view host() const { return std::string_view(key).substr(0, host_bytes); }
  bool known() const { return own || route != nullptr; }
};

}  // namespace farm::roles
