// Whole records out of the farm and into it, for backups and moves: /v1/records, admin keys only.
// What goes out carries the catalog's present owner, title and visibility; every byte is checked on
// its way, out and in.
#pragma once

#include "net/body_buffer.h"
#include "net/endpoints.h"
#include "roles/authorize.h"
#include "roles/photo_writer.h"
#include "roles/services.h"
#include "store/record_reader.h"

namespace farm::roles {

// Parses and checks a whole record: its header, and every block of every size. kUnprocessable, with
// what is wrong. Pure.
Result<photo::RecordView> check_whole_record(ByteView bytes);

// The entity tag of a record, the same for two records of the same version, secrets and sizes,
// whatever their labels: "3-9f86d081884c7d65", with its quotes. Pure.
std::string record_tag(const photo::RecordView& record);

class RecordsApi {
 public:
  RecordsApi(Services& services, Authorizer& authorizer, PhotoWriter& writer);
  // The endpoints refer to this: it outlives the server.
  void add_endpoints(net::EndpointTable& table);

 private:
  struct Outgoing {
    store::OwnedRecord stored;  // its header
    Bytes header;               // the same, with the catalog's labels
    std::uint64_t bytes() const {
      return header.size() + stored.view().record_bytes() - stored.view().header_bytes();
    }
  };

  io::Task<void> get(net::Exchange& exchange);
  io::Task<void> add(net::Exchange& exchange);

  io::Task<Result<Outgoing>> open(net::Exchange& exchange);
  Result<Outgoing> load(PhotoId id);
  io::Task<Result<void>> send_record(net::Exchange& exchange, const Outgoing& record);
  io::Task<Result<PhotoWriter::Imported>> take_in(net::Exchange& exchange);
  Result<PhotoWriter::Imported> check_and_import(ByteView bytes);

  Services& services_;
  Authorizer& authorizer_;
  PhotoWriter& writer_;
  const std::uint64_t max_record_bytes_;
  obs::Counter exported_;
  obs::Counter imported_;
};

}  // namespace farm::roles
