// The upload role: new photos and new versions of photos. A body is kept once, in memory, decoded
// on an image thread, written by a disk thread and acknowledged when both the record and the
// catalog's row are on disk.
#pragma once

#include <functional>

#include "net/body_buffer.h"
#include "net/endpoints.h"
#include "roles/authorize.h"
#include "roles/idempotency.h"
#include "roles/photo_writer.h"
#include "roles/services.h"

namespace farm::roles {

class Upload {
 public:
  Upload(Services& services, Authorizer& authorizer, PhotoWriter& writer);
  // The endpoints refer to this: it outlives the server.
  void add_endpoints(net::EndpointTable& table);

 private:
  using Row = Result<catalog::PhotoRow>;
  using Changed = Result<PhotoWriter::Changed>;
  using Write = std::function<Row(const image::Rendered&)>;

  // A picture that has arrived, in the memory it was charged for.
  struct Received {
    net::BodyBuffer body;
    ByteView picture;  // in the body
    MemoryBudget::Share share;
  };

  io::Task<void> create(net::Exchange& exchange);
  io::Task<void> replace(net::Exchange& exchange);
  io::Task<void> edit(net::Exchange& exchange);
  io::Task<void> rotate_secret(net::Exchange& exchange);

  io::Task<Result<OnceOutcome>> add(net::Exchange& exchange);
  io::Task<Changed> replace_content(net::Exchange& exchange);
  io::Task<Changed> edit_content(net::Exchange& exchange);
  io::Task<Changed> rotate(net::Exchange& exchange);
  io::Task<void> answer_change(net::Exchange& exchange, Changed changed);
  Row finish(PhotoWriter::Changed& changed, Changed made);
  io::Task<Result<Received>> receive(net::Exchange& exchange);
  io::Task<Row> render_and_write(ByteView original, Write write);

  Services& services_;
  Authorizer& authorizer_;
  PhotoWriter& writer_;
  Idempotency idempotency_;
  obs::Histogram receive_seconds_;
  obs::Histogram decode_seconds_;
  obs::Histogram reduce_seconds_;
  obs::Histogram encode_seconds_;
  obs::Counter uploads_;
  obs::Counter upload_bytes_;
};

}  // namespace farm::roles
