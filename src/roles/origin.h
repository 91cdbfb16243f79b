// The origin: serves permission URLs from the store. One read of the record, the secret compared in
// constant time, the size's bytes checked and sent; no catalog look-up. Sizes that are not stored
// are made from the original on demand.
#pragma once

#include <optional>
#include <vector>

#include "net/endpoints.h"
#include "roles/on_demand.h"
#include "roles/read_buffers.h"
#include "roles/read_window.h"
#include "roles/services.h"
#include "roles/size_response.h"
#include "store/record_reader.h"
#include "url/permission_url.h"

namespace farm::roles {

class Origin {
 public:
  explicit Origin(Services& services);
  // For a process without an edge. The endpoints refer to this: it outlives the server.
  void add_endpoints(net::EndpointTable& table);

  // For the edge of the same process. Whether the request is for a permission URL of this server:
  bool serves(const net::RequestHead& request) const { return wanted(request).has_value(); }
  // The usual case, without a coroutine: Endpoint::at_once.
  void serve_now(net::Exchange& exchange);
  // Exactly one answer.
  io::Task<void> serve(net::Exchange& exchange);
  // Is told of what was sent whole. Before the server starts.
  void set_keeper(SizeKeeper* keeper) { keeper_ = keeper; }

  // Memory of sizes that were made on demand.
  std::uint64_t on_demand_bytes() const { return on_demand_.cached_bytes(); }

  // The one 404 that a wrong secret, an unknown id and any other unknown path get.
  static io::Task<void> not_found(net::Exchange& exchange);

 private:
  struct PerThread {
    ReadBuffers buffers;
    ReadWindow window;
  };

  // What the path asks for, if it is a permission URL of this server.
  std::optional<url::PermissionUrl> wanted(const net::RequestHead& request) const;
  // What to give a client that leaves it to us: the first configured format that it names.
  photo::Format negotiate(const net::RequestHead& request) const;
  io::Task<void> serve_stored(net::Exchange& exchange, const url::PermissionUrl& url,
                              MutableByteView buffer, store::RecordPrefix prefix,
                              std::uint64_t mark);
  std::uint64_t mark() const { return keeper_ == nullptr ? 0 : keeper_->mark(); }
  void keep(const net::Exchange& exchange, const SizeFacts& facts, ByteView bytes,
            std::uint64_t mark) const;
  io::Task<void> serve_on_demand(net::Exchange& exchange, const url::PermissionUrl& url,
                                 store::RecordPrefix prefix, std::uint64_t mark);
  io::Task<Result<store::RecordPrefix>> read_prefix(PhotoId id, std::size_t window,
                                                    MutableByteView buffer);

  Services& services_;
  std::vector<PerThread> threads_;  // by Exchange::thread_index()
  OnDemand on_demand_;
  SizeKeeper* keeper_ = nullptr;
};

}  // namespace farm::roles
