// Fetches what many may want from a pool, once, and stores it: runs a cache::Fill.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "roles/edge/ask.h"
#include "roles/edge/parts.h"
#include "roles/edge/tiers.h"
#include "roles/edge/upstream_call.h"

namespace farm::roles {

// What a fill needs of the request that began it, which may be gone before it is done.
struct FetchPlan {
  std::string key;       // without what Vary adds
  std::string fill_key;  // in Fills
  const route::Route* route = nullptr;
  std::string request_lines;                     // its headers
  std::vector<net::HeaderView> request_headers;  // views into them
  UpstreamCallRequest call;
  cache::ObjectRef validating;  // what is stored and has to be asked about; may be empty
};

struct FetchFigures {
  explicit FetchFigures(obs::Metrics& metrics);
  obs::Counter fills;
  obs::Counter validated;
  obs::Counter stand_ins;
  obs::Counter failed;
  obs::Counter cut_short;
};

class Fetcher {
 public:
  Fetcher(EdgeParts& parts, Tiers& tiers) : parts_(parts), tiers_(tiers), figures_(parts.metrics) {}

  // Runs on the thread of `upstreams`; whoever follows the fill sees how it goes.
  io::Task<void> run(std::shared_ptr<const FetchPlan> plan, std::shared_ptr<cache::Fill> fill,
                     net::Upstreams& upstreams);

 private:
  io::Task<Result<void>> fetch(const FetchPlan& plan, cache::Fill& fill, net::Upstreams& upstreams);
  io::Task<Result<net::UpstreamHead>> read_head(UpstreamCall& call, cache::Fill& fill);
  io::Task<Result<void>> receive(const FetchPlan& plan, cache::Fill& fill, UpstreamCall& call,
                                 Tiers::Response response);
  bool stands_in(const FetchPlan& plan, cache::Fill& fill, int upstream_status);
  Result<void> validated(const FetchPlan& plan, cache::Fill& fill, cache::Headers headers,
                         cache::ResponseTimes times, Tiers::Mark mark);

  EdgeParts& parts_;
  Tiers& tiers_;
  FetchFigures figures_;
};

// What the configuration says of keeping a route's responses.
cache::StoreRules store_rules(const EdgeParts& parts, const route::Route* route);

// What an upstream's response becomes: its head as it is passed on, and what is stored with it.
Tiers::Response make_response(const std::string& key, const net::UpstreamHead& head,
                              cache::Headers request, std::string_view via_name,
                              const cache::StoreDecision& decision, cache::ResponseTimes times,
                              Tiers::Mark mark);

}  // namespace farm::roles
