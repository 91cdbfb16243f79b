#include "roles/upload.h"

#include <algorithm>

#include "io/offload.h"
#include "net/multipart.h"
#include "roles/api_request.h"
#include "roles/errors.h"
#include "roles/json_body.h"
#include "roles/picture_charge.h"
#include "roles/purge/purger.h"
#include "roles/stage_timer.h"
#include "store/record_reader.h"

namespace farm::roles {
namespace {

using catalog::PhotoRow;
using catalog::Scope;

// What a multipart body has besides the picture.
constexpr std::uint64_t kMultipartSlack = 64 << 10;
constexpr std::string_view kPartName = "photo";
constexpr std::array<std::string_view, 2> kEditFields = {"rotate", "crop"};

Result<NewPhoto> read_new_photo(const net::Exchange& exchange) {
  FARM_TRY(const net::Query query, read_query(exchange, {"owner", "title", "visibility"}));
  NewPhoto what;
  FARM_TRY(what.owner, parse_owner(query.find("owner").value_or("")));
  FARM_TRY(what.title, parse_title(query.find("title").value_or("")));
  FARM_TRY(what.visibility, parse_visibility(query.find("visibility").value_or("public")));
  return what;
}

Result<ByteView> picture_in(const net::RequestHead& request, ByteView body) {
  const std::string_view type = request.find("Content-Type").value_or("");
  constexpr std::string_view kMultipart = "multipart/";
  const bool multipart = type.size() >= kMultipart.size() &&
                         net::equals_ignoring_case(type.substr(0, kMultipart.size()), kMultipart);
  ByteView picture = body;
  if (multipart) {
    const auto boundary = net::multipart_boundary(type);
    if (!boundary) {
      return fail(ErrorCode::kInvalidArgument, "roles",
                  "the Content-Type is multipart, but not multipart/form-data with a boundary");
    }
    auto part = net::find_part(body, *boundary, kPartName);
    if (!part) return fail(ErrorCode::kInvalidArgument, "roles", part.error().context);
    picture = part.value();
  }
  if (picture.empty()) {
    return fail(ErrorCode::kInvalidArgument, "roles",
                "there is no picture in the request: send it as the body, or as the part "
                "\"photo\" of multipart/form-data");
  }
  return picture;
}

using Edit = std::function<Result<Bytes>(render::Renderer& renderer, ByteView original)>;

Result<Edit> read_edit(const JsonBody& body) {
  FARM_TRY(const auto degrees, body.integer("rotate"));
  FARM_TRY(const auto box, body.integers("crop"));
  if (degrees.has_value() == box.has_value()) {
    return fail(ErrorCode::kInvalidArgument, "roles",
                "send either {\"rotate\": 90} or {\"crop\": [x, y, width, height]}");
  }
  if (degrees) {
    if (*degrees != 90 && *degrees != 180 && *degrees != 270) {
      return fail(ErrorCode::kInvalidArgument, "roles", "rotate takes 90, 180 or 270, clockwise");
    }
    const image::Rotate edit{static_cast<int>(*degrees)};
    return Edit([edit](render::Renderer& renderer, ByteView original) {
      return renderer.rotate(original, edit);
    });
  }
  const auto in_range = [](std::int64_t value) { return value >= 0 && value <= UINT32_MAX; };
  if (box->size() != 4 || !std::ranges::all_of(*box, in_range)) {
    return fail(ErrorCode::kInvalidArgument, "roles",
                "crop takes four numbers from 0 up: [x, y, width, height], in upright pixels");
  }
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>((*box)[i]); };
  const image::Crop edit{at(0), at(1), at(2), at(3)};
  return Edit([edit](render::Renderer& renderer, ByteView original) {
    return renderer.crop(original, edit);
  });
}

}  // namespace

Upload::Upload(Services& services, Authorizer& authorizer, PhotoWriter& writer)
    : services_(services),
      authorizer_(authorizer),
      writer_(writer),
      idempotency_(services),
      receive_seconds_(upload_stage(services.metrics, "receive")),
      decode_seconds_(upload_stage(services.metrics, "decode")),
      reduce_seconds_(upload_stage(services.metrics, "reduce")),
      encode_seconds_(upload_stage(services.metrics, "encode")),
      uploads_(services.metrics.counter("photofarm_uploads_total",
                                        "New photos and new versions from new bytes.")),
      upload_bytes_(services.metrics.counter("photofarm_upload_bytes_total",
                                             "Bytes of the pictures among them.")) {}

void Upload::add_endpoints(net::EndpointTable& table) {
  const std::uint64_t picture_bytes =
      services_.image_config.limits.max_file_bytes + kMultipartSlack;
  table.add({.method = net::Method::kPost,
             .pattern = "/v1/photos",
             .name = "upload",
             .max_body_bytes = picture_bytes,
             .handle = [this](net::Exchange& exchange) { return create(exchange); }});
  table.add({.method = net::Method::kPut,
             .pattern = "/v1/photos/{id}/content",
             .name = "replace",
             .max_body_bytes = picture_bytes,
             .handle = [this](net::Exchange& exchange) { return replace(exchange); }});
  table.add({.method = net::Method::kPost,
             .pattern = "/v1/photos/{id}/edits",
             .name = "edit",
             .max_body_bytes = kMaxJsonBytes,
             .handle = [this](net::Exchange& exchange) { return edit(exchange); }});
  table.add({.method = net::Method::kPost,
             .pattern = "/v1/photos/{id}/secret",
             .name = "rotate_secret",
             .max_body_bytes = kMaxJsonBytes,
             .handle = [this](net::Exchange& exchange) { return rotate_secret(exchange); }});
}

io::Task<void> Upload::create(net::Exchange& exchange) {
  Result<OnceOutcome> outcome = co_await add(exchange);
  if (!outcome) {
    (void)co_await send_error(exchange, std::move(outcome).error());
    co_return;
  }
  std::string extra = "Location: /v1/photos/" + outcome.value().photo.id.str() + "\r\n";
  if (outcome.value().replayed) extra += "Idempotency-Replayed: true\r\n";
  co_await send_photo(exchange, 201, outcome.value().photo, services_.config, std::move(extra));
}

io::Task<void> Upload::replace(net::Exchange& exchange) {
  Changed changed = co_await replace_content(exchange);
  co_await answer_change(exchange, std::move(changed));
}

io::Task<void> Upload::edit(net::Exchange& exchange) {
  Changed changed = co_await edit_content(exchange);
  co_await answer_change(exchange, std::move(changed));
}

io::Task<void> Upload::rotate_secret(net::Exchange& exchange) {
  Changed changed = co_await rotate(exchange);
  co_await answer_change(exchange, std::move(changed));
}

io::Task<void> Upload::answer_change(net::Exchange& exchange, Changed changed) {
  if (!changed) {
    (void)co_await send_error(exchange, std::move(changed).error());
    co_return;
  }
  co_await send_photo(exchange, 200, changed.value().row, services_.config,
                      purge_line(changed.value().purge));
}

// Keeps what came of it, and waits for the edges to hear of it.
Upload::Row Upload::finish(PhotoWriter::Changed& changed, Changed made) {
  FARM_TRY(changed, std::move(made));
  await_purge(services_, changed.purge);
  return changed.row;
}

io::Task<Result<Upload::Received>> Upload::receive(net::Exchange& exchange) {
  const StageTimer timer(receive_seconds_);
  const std::uint64_t bytes = exchange.request().content_length.value_or(
      services_.image_config.limits.max_file_bytes + kMultipartSlack);
  auto share = services_.memory.take(bytes);
  if (!share) {
    co_return fail(ErrorCode::kBusy, "roles", "too many uploads at once; try again soon");
  }
  FARM_CO_TRY(net::BodyBuffer body, co_await net::read_whole_body(exchange));
  FARM_CO_TRY(const ByteView picture, picture_in(exchange.request(), body.view()));
  co_return Received{std::move(body), picture, std::move(*share)};
}

io::Task<Upload::Row> Upload::render_and_write(ByteView original, Write write) {
  constexpr std::uint32_t kLargestStored = 1024;
  std::optional<PictureBudget::Share> share;
  FARM_CO_TRY(PictureBudget::Share taken,
              co_await charge_sizes(services_, original, kLargestStored));
  share.emplace(std::move(taken));
  const auto render = [this, original] { return services_.renderer.render_stored(original); };
  FARM_CO_TRY(const image::Rendered rendered, co_await io::offload(services_.image_pool, render));
  share.reset();
  decode_seconds_.observe(rendered.timings.decode_s);
  reduce_seconds_.observe(rendered.timings.reduce_s);
  encode_seconds_.observe(rendered.timings.encode_s);
  const auto store = [&write, &rendered] { return write(rendered); };
  FARM_CO_TRY(PhotoRow row, co_await io::offload(services_.disk_pool, store));
  uploads_.add();
  upload_bytes_.add(static_cast<double>(original.size()));
  co_return row;
}

io::Task<Result<OnceOutcome>> Upload::add(net::Exchange& exchange) {
  FARM_CO_TRY(const catalog::KeyRow key, co_await authorizer_.check(exchange, Scope::kUpload));
  FARM_CO_TRY(NewPhoto what, read_new_photo(exchange));
  FARM_CO_TRY(const Received received, co_await receive(exchange));
  FARM_CO_TRY(what.once, Idempotency::row_of(exchange, key, received.body.view()));
  std::optional<Idempotency::Running> running;
  if (what.once) {
    FARM_CO_TRY(Idempotency::Running begun, idempotency_.begin(*what.once));
    running.emplace(std::move(begun));
    const auto look_up = [this, &what] { return idempotency_.earlier(*what.once); };
    FARM_CO_TRY(const auto before, co_await io::offload(services_.disk_pool, look_up));
    if (before) co_return OnceOutcome{*before, true};
  }
  const Write write = [this, &what, &received](const image::Rendered& rendered) {
    return writer_.add(what, rendered, received.picture);
  };
  FARM_CO_TRY(PhotoRow row, co_await render_and_write(received.picture, write));
  co_return OnceOutcome{std::move(row), false};
}

io::Task<Upload::Changed> Upload::replace_content(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kUpload));
  FARM_CO_TRY(read_query(exchange, {}));
  FARM_CO_TRY(const PhotoId id, photo_id_param(exchange));
  // Before the body: who asks for a photo that is not there need not send it.
  const auto look_up = [this, id] { return services_.catalog.get(id); };
  FARM_CO_TRY(co_await io::offload(services_.disk_pool, look_up));
  FARM_CO_TRY(const Received received, co_await receive(exchange));
  PhotoWriter::Changed changed;
  const Write write = [this, id, &received, &changed](const image::Rendered& rendered) {
    return finish(changed, writer_.replace(id, rendered, received.picture));
  };
  FARM_CO_TRY(co_await render_and_write(received.picture, write));
  co_return changed;
}

io::Task<Upload::Changed> Upload::edit_content(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kUpload));
  FARM_CO_TRY(const PhotoId id, photo_id_param(exchange));
  FARM_CO_TRY(const JsonBody body, co_await read_json(exchange, kEditFields));
  FARM_CO_TRY(const Edit edit, read_edit(body));
  const auto look_up = [this, id] { return services_.catalog.get(id); };
  FARM_CO_TRY(const PhotoRow row, co_await io::offload(services_.disk_pool, look_up));
  const auto share = services_.memory.take(2 * row.sizes.back().bytes);
  if (!share) {
    co_return fail(ErrorCode::kBusy, "roles", "too many pictures are being worked on");
  }
  const auto read = [this, id] {
    return store::read_size(services_.store, id, photo::SizeCode::kOriginal);
  };
  FARM_CO_TRY(const store::OwnedSize original, co_await io::offload(services_.disk_pool, read));
  std::optional<PictureBudget::Share> working;
  FARM_CO_TRY(PictureBudget::Share taken, co_await charge_edit(services_, original.bytes));
  working.emplace(std::move(taken));
  const auto apply = [this, &edit, &original] { return edit(services_.renderer, original.bytes); };
  FARM_CO_TRY(const Bytes edited, co_await io::offload(services_.image_pool, apply));
  working.reset();
  PhotoWriter::Changed changed;
  const Write write = [this, id, &edited, &changed](const image::Rendered& rendered) {
    return finish(changed, writer_.edit(id, rendered, edited));
  };
  FARM_CO_TRY(co_await render_and_write(edited, write));
  co_return changed;
}

io::Task<Upload::Changed> Upload::rotate(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kUpload));
  FARM_CO_TRY(const PhotoId id, photo_id_param(exchange));
  PhotoWriter::Changed changed;
  const auto work = [this, id, &changed] { return finish(changed, writer_.rotate_secrets(id)); };
  FARM_CO_TRY(co_await io::offload(services_.disk_pool, work));
  co_return changed;
}

}  // namespace farm::roles
