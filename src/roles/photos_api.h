// Reading, listing, changing and deleting photos by the API: all of it the catalog's, but delete.
#pragma once

#include "net/endpoints.h"
#include "roles/authorize.h"
#include "roles/photo_writer.h"
#include "roles/services.h"

namespace farm::roles {

class PhotosApi {
 public:
  PhotosApi(Services& services, Authorizer& authorizer, PhotoWriter& writer)
      : services_(services), authorizer_(authorizer), writer_(writer) {}
  // The endpoints refer to this: it outlives the server.
  void add_endpoints(net::EndpointTable& table);

 private:
  struct Page {
    std::vector<catalog::PhotoRow> rows;
    bool more = false;
  };

  io::Task<void> get(net::Exchange& exchange);
  io::Task<void> list(net::Exchange& exchange);
  io::Task<void> patch(net::Exchange& exchange);
  io::Task<void> remove(net::Exchange& exchange);

  io::Task<Result<catalog::PhotoRow>> read_one(net::Exchange& exchange);
  io::Task<Result<Page>> read_page(net::Exchange& exchange);
  io::Task<Result<catalog::PhotoRow>> change(net::Exchange& exchange);
  // The purge's receipt.
  io::Task<Result<std::uint64_t>> erase(net::Exchange& exchange);

  Services& services_;
  Authorizer& authorizer_;
  PhotoWriter& writer_;
};

}  // namespace farm::roles
