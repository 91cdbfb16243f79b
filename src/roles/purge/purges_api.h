// Purging by the API (admin scope):
//   POST /v1/purges {"paths":[…],"prefixes":[…],"tags":[…],"soft":false}   200 and a receipt
//   PURGE of any path ("Purge-Soft: 1")                                    the same, of that path
//   GET /v1/purges/{id}                                                    the receipt, later
//   GET /v1/purges?after=N&limit=N    a page of this process's log, for those who follow it
//   POST /v1/purges/feed              such a page of another process; answers how far it is known
#pragma once

#include "net/endpoints.h"
#include "roles/authorize.h"
#include "roles/purge/purger.h"
#include "roles/services.h"

namespace farm::roles {

class PurgesApi {
 public:
  static constexpr std::size_t kMaxPurges = 1'000;  // of one request

  PurgesApi(Services& services, Authorizer& authorizer, Purger& purger)
      : services_(services), authorizer_(authorizer), purger_(purger) {}
  // The endpoints refer to this: it outlives the server.
  void add_endpoints(net::EndpointTable& table);

  // Answers PURGE: whatever is cached under the request's target, on every host.
  io::Task<void> purge_path(net::Exchange& exchange);

 private:
  using Purges = std::vector<cache::Purge>;

  io::Task<void> purge(net::Exchange& exchange);
  io::Task<void> show(net::Exchange& exchange);
  io::Task<void> list(net::Exchange& exchange);
  io::Task<void> feed(net::Exchange& exchange);

  io::Task<Result<std::string>> purge_body(net::Exchange& exchange);
  io::Task<Result<std::string>> purge_target(net::Exchange& exchange);
  io::Task<Result<std::string>> carry_out(Purges purges);
  io::Task<Result<std::string>> find(net::Exchange& exchange);
  io::Task<Result<std::string>> page(net::Exchange& exchange);
  io::Task<Result<std::string>> take_feed(net::Exchange& exchange);

  Services& services_;
  Authorizer& authorizer_;
  Purger& purger_;
};

}  // namespace farm::roles
