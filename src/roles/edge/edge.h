// The edge: every request that is no call of the API comes here. It answers from the cache, fetches
// from the pool that a route names or from the origin of this process, keeps what may be kept, and
// passes on the rest.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "net/endpoints.h"
#include "roles/edge/fetcher.h"
#include "roles/edge/relay.h"
#include "roles/size_response.h"

namespace farm::roles {

class Edge final : public SizeKeeper {
 public:
  explicit Edge(EdgeParts parts);
  ~Edge() override;
  // The endpoint refers to this: it outlives the server.
  void add_endpoints(net::EndpointTable& table);
  // Answers PURGE; without it that method goes the way of any other.
  void set_purge_handler(net::Handler handler) { purge_ = std::move(handler); }
  // When the server's threads have ended, before it goes: whoever waits for an answer is let go.
  void stop();

  std::uint64_t mark() const override { return tiers_.mark().purges; }
  void keep(const net::Exchange& exchange, const SizeFacts& facts, ByteView bytes,
            std::uint64_t mark) override;

  // Figures for /metrics. Thread-safe.
  void collect(obs::Samples& out) const;

 private:
  enum class Followed {
    kAnswered,
    kAgain,  // what came is another variant: look again
    kAlone,  // what came is for the one who asked, or has gone past
  };

  void answer_now(net::Exchange& exchange);
  io::Task<void> answer(net::Exchange& exchange);
  Ask make_ask(const net::Exchange& exchange, std::string key) const;
  io::Task<void> answer_cached(net::Exchange& exchange, Ask ask);
  io::Task<bool> answer_found(net::Exchange& exchange, const Ask& ask, const Found& found);
  io::Task<void> answer_own(net::Exchange& exchange);
  io::Task<Followed> fetch(net::Exchange& exchange, const Ask& ask, const Found& found,
                           cache::Fwd fwd);
  io::Task<Followed> follow(net::Exchange& exchange, const Found& found,
                            cache::Fill::Reader& reader, cache::Fwd fwd);
  Followed share(const net::Exchange& exchange, const Found& found,
                 const cache::Fill::Reader& reader, const cache::Fill::Outcome& outcome) const;
  io::Task<void> stream(net::Exchange& exchange, cache::Fill::Reader& reader,
                        const cache::FillHead& head, std::string more);
  std::shared_ptr<const FetchPlan> make_plan(const net::Exchange& exchange, const Ask& ask,
                                             const Found& found) const;
  void start(net::Exchange& exchange, const Ask& ask, const Found& found,
             std::shared_ptr<cache::Fill> fill, io::Executor executor);
  net::Upstreams& upstreams(net::Exchange& exchange, const io::Executor& executor);

  EdgeParts parts_;
  Tiers tiers_;
  Fetcher fetcher_;
  Relay relay_;
  net::Handler purge_;
  // By Exchange::thread_index(). Each is made by its thread, under the mutex, which whoever else
  // looks at them takes.
  mutable std::mutex upstreams_mutex_;
  std::vector<std::unique_ptr<net::Upstreams>> upstreams_;
  obs::Counter coalesced_;
  obs::Counter stale_;
};

// What leaves the memory tier goes to the disks, if it was asked for while it was there.
cache::EvictionHook offer_evicted(cache::DiskTier& disk);

}  // namespace farm::roles
