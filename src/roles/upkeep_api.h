// Upkeep of the store on demand: reading everything back, and giving back the space of what is
// gone. POST starts it, GET tells how far it is.
#pragma once

#include "net/endpoints.h"
#include "roles/authorize.h"
#include "roles/background_run.h"
#include "roles/services.h"

namespace farm::roles {

class UpkeepApi {
 public:
  UpkeepApi(Services& services, Authorizer& authorizer);
  // The endpoints refer to this: it outlives the server.
  void add_endpoints(net::EndpointTable& table);
  // Ends what runs; call it before the store goes.
  void stop();

 private:
  template <class Report>
  void add_run(net::EndpointTable& table, const std::string& name, BackgroundRun<Report>& run);
  template <class Report>
  io::Task<void> begin(net::Exchange& exchange, std::string name, BackgroundRun<Report>& run);
  template <class Report>
  io::Task<void> show(net::Exchange& exchange, std::string name, BackgroundRun<Report>& run);

  Authorizer& authorizer_;
  BackgroundRun<store::VerifyReport> verification_;
  BackgroundRun<store::CompactReport> compaction_;
};

}  // namespace farm::roles
