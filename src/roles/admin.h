// For operators and machines that watch: health, metrics, API keys.
#pragma once

#include "net/endpoints.h"
#include "roles/authorize.h"
#include "roles/health.h"
#include "roles/services.h"

namespace farm::roles {

class Admin {
 public:
  Admin(Services& services, Authorizer& authorizer)
      : services_(services), authorizer_(authorizer), health_(services.health) {}
  // The endpoints refer to this: it outlives the server.
  void add_endpoints(net::EndpointTable& table);

 private:
  io::Task<void> healthz(net::Exchange& exchange);
  io::Task<void> metrics(net::Exchange& exchange);
  io::Task<void> list_keys(net::Exchange& exchange);
  io::Task<void> add_key(net::Exchange& exchange);
  io::Task<void> revoke_key(net::Exchange& exchange);

  io::Task<Result<std::string>> keys_json(net::Exchange& exchange);
  io::Task<Result<std::string>> make_key(net::Exchange& exchange);
  io::Task<Result<void>> drop_key(net::Exchange& exchange);

  Services& services_;
  Authorizer& authorizer_;
  Health& health_;
};

// "upload,read" and back. kInvalidArgument for a scope that is none, or for no scope.
Result<catalog::Scopes> parse_scopes(const std::vector<std::string>& names);
std::vector<std::string> scope_names(catalog::Scopes scopes);

}  // namespace farm::roles
