// Passes a request on to its pool and the answer back as it comes, for what the cache does not
// answer: other methods, ranges, what is not kept. What may be kept of it is, and what was stored
// of a resource that it changes goes.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "cache/http/cache_status.h"
#include "net/exchange.h"
#include "roles/edge/ask.h"
#include "roles/edge/parts.h"
#include "roles/edge/tiers.h"
#include "roles/edge/upstream_call.h"

namespace farm::roles {

class Relay {
 public:
  Relay(EdgeParts& parts, Tiers& tiers);

  // Exactly one answer. `fwd`: why it goes on; `part`: what is stored of it, or empty.
  io::Task<void> pass(net::Exchange& exchange, const Ask& ask, cache::Fwd fwd,
                      net::Upstreams& upstreams, cache::ObjectRef part);

 private:
  struct Tee;

  io::Task<Result<void>> send_request(net::Exchange& exchange, UpstreamCall& call);
  io::Task<Result<net::UpstreamHead>> final_head(net::Exchange& exchange, UpstreamCall& call);
  io::Task<Result<void>> copy_body(net::Exchange& exchange, UpstreamCall& call,
                                   const net::UpstreamHead& head, Tee& tee);
  void watch_part(const Ask& ask, cache::Headers request, const net::UpstreamHead& head, Tee& tee);
  void keep(const Tee& tee, const cache::ObjectRef& part);
  void invalidate(const net::RequestHead& request, const Ask& ask, const net::UpstreamHead& head);

  EdgeParts& parts_;
  Tiers& tiers_;
  std::atomic<std::uint32_t> tees_{0};
  obs::Counter relayed_;
};

// The headers of a request as they go upstream, without Host.
UpstreamCallRequest make_call(const net::Exchange& exchange, const Ask& ask, const EdgeParts& parts,
                              bool for_fill, const cache::ObjectRef& validating);

// The answer where an upstream has none to give.
io::Task<void> send_gateway_error(net::Exchange& exchange, Error error);

}  // namespace farm::roles
