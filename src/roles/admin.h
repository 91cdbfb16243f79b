// For operators and machines that watch: health, metrics, API keys, verification.
#pragma once

#include "net/endpoints.h"
#include "roles/authorize.h"
#include "roles/health.h"
#include "roles/services.h"
#include "roles/verification.h"

namespace farm::roles {

class Admin {
 public:
  Admin(Services& services, Authorizer& authorizer, Health& health)
      : services_(services),
        authorizer_(authorizer),
        health_(health),
        verification_(services.store) {}
  // The endpoints refer to this: it outlives the server.
  void add_endpoints(net::EndpointTable& table);
  // Ends a verification that runs; call it before the store goes.
  void stop() { verification_.stop(); }

 private:
  io::Task<void> healthz(net::Exchange& exchange);
  io::Task<void> metrics(net::Exchange& exchange);
  io::Task<void> list_keys(net::Exchange& exchange);
  io::Task<void> add_key(net::Exchange& exchange);
  io::Task<void> revoke_key(net::Exchange& exchange);
  io::Task<void> start_verification(net::Exchange& exchange);
  io::Task<void> show_verification(net::Exchange& exchange);

  io::Task<Result<std::string>> keys_json(net::Exchange& exchange);
  io::Task<Result<std::string>> make_key(net::Exchange& exchange);
  io::Task<Result<void>> drop_key(net::Exchange& exchange);

  Services& services_;
  Authorizer& authorizer_;
  Health& health_;
  Verification verification_;
};

// "upload,read" and back. kInvalidArgument for a scope that is none, or for no scope.
Result<catalog::Scopes> parse_scopes(const std::vector<std::string>& names);
std::vector<std::string> scope_names(catalog::Scopes scopes);

}  // namespace farm::roles
