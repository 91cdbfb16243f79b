// The table of endpoints: method and path pattern to handler. Filled before the server starts, then
// only read.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "net/exchange.h"

namespace farm::net {

using Handler = std::function<io::Task<void>(Exchange&)>;

struct Endpoint {
  Method method = Method::kGet;  // a GET endpoint answers HEAD too
  std::string pattern = {};  // "/v1/photos/{id}/content": a {name} takes one non-empty path segment
  std::string name;          // of the route in metrics
  std::uint64_t max_body_bytes = 0;
  Handler handle;
  // Tried before `handle`, where it is set: answers by Exchange::send_now() or send_ready(),
  // without waiting for anything, and leaves the exchange's head alone from then on; or does not
  // answer, and `handle` does. No coroutine runs for it. Not for endpoints that take a body.
  std::function<void(Exchange&)> at_once = nullptr;
};

class EndpointTable {
 public:
  void add(Endpoint endpoint);
  // Answers whatever no pattern fits, with any method; its own method and pattern are not looked
  // at. A body that is announced as too large is still handed to it: it may not want it anyway.
  // Set once, before the server is bound.
  void set_fallback(Endpoint endpoint) { fallback_ = std::move(endpoint); }

  struct Match {
    const Endpoint* endpoint = nullptr;  // null: its path is known, but not with this method
    std::size_t index = 0;               // of the endpoint in all(); behind its end: the fallback
    std::array<std::string_view, Exchange::kMaxParams> params;
  };
  Match match(Method method, std::string_view path) const;
  // "GET, HEAD, DELETE" for a path that is known.
  std::string allowed(std::string_view path) const;

  const std::vector<Endpoint>& all() const { return endpoints_; }
  const Endpoint& fallback() const { return fallback_; }

 private:
  std::vector<Endpoint> endpoints_;
  // The second characters of the patterns: what begins otherwise fits none of them.
  std::bitset<256> seconds_;
  Endpoint fallback_;
};

}  // namespace farm::net
