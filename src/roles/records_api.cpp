#include "roles/records_api.h"

#include <chrono>

#include "base/digest.h"
#include "io/offload.h"
#include "obs/log.h"
#include "roles/api_request.h"
#include "roles/errors.h"

namespace farm::roles {
namespace {

using catalog::PhotoRow;
using catalog::Scope;

// What a record has besides its original: a header of at most 1 MiB, and the sizes.
constexpr std::uint64_t kBesideOriginalBytes = 16 << 20;
constexpr std::size_t kPieceBytes = 4 * photo::kRecordBlockBytes;
// A clock may be wrong, but ids that lie far ahead would make this farm's ids run ahead too.
constexpr std::chrono::milliseconds kMostAhead = std::chrono::hours(24);

auto unprocessable(std::string what) {
  return fail(ErrorCode::kUnprocessable, "roles", std::move(what));
}

Result<void> check_sizes(const photo::RecordView& record, ByteView bytes) {
  for (std::size_t i = 0; i < record.size_count(); ++i) {
    const photo::SizeEntry size = record.size_at(i);
    if (!record.verify(size, 0, bytes.subspan(size.offset, size.length))) {
      return unprocessable(std::string("the record is damaged: size ") +
                           static_cast<char>(size.code) + " does not match its checksums");
    }
  }
  return ok();
}

// As an upload's owner and title are.
Result<void> check_labels(const photo::RecordInfo& info) {
  if (const auto owner = parse_owner(info.owner); !owner) {
    return unprocessable(owner.error().context);
  }
  if (const auto title = parse_title(info.title); !title) {
    return unprocessable(title.error().context);
  }
  return ok();
}

}  // namespace

Result<photo::RecordView> check_whole_record(ByteView bytes) {
  const auto record = photo::RecordView::parse(bytes);
  if (!record) return unprocessable("this is no good record: " + record.error().context);
  if (record.value().record_bytes() != bytes.size()) {
    return unprocessable("the record has " + std::to_string(record.value().record_bytes()) +
                         " bytes, and " + std::to_string(bytes.size()) + " came");
  }
  FARM_TRY(check_sizes(record.value(), bytes));
  return record.value();
}

std::string record_tag(const photo::RecordView& record) {
  Bytes text;
  const auto append = [&text](ByteView bytes) {
    text.insert(text.end(), bytes.begin(), bytes.end());
  };
  append(record.secret().bytes);
  append(record.original_secret().bytes);
  for (std::size_t i = 0; i < record.size_count(); ++i) {
    const photo::SizeEntry size = record.size_at(i);
    std::array<std::byte, 24> entry{};
    store_le(entry, 0, static_cast<std::uint8_t>(size.code));
    store_le(entry, 1, static_cast<std::uint8_t>(size.format));
    store_le(entry, 4, size.dimensions.width);
    store_le(entry, 8, size.dimensions.height);
    store_le(entry, 16, record.fingerprint(size));
    append(entry);
  }
  const Sha256 digest = sha256(text);
  return '"' + std::to_string(record.version()) + '-' + to_hex(ByteView(digest).first(8)) + '"';
}

RecordsApi::RecordsApi(Services& services, Authorizer& authorizer, PhotoWriter& writer)
    : services_(services),
      authorizer_(authorizer),
      writer_(writer),
      max_record_bytes_(services.image_config.limits.max_file_bytes + kBesideOriginalBytes),
      exported_(services.metrics.counter("photofarm_records_exported_total",
                                         "Records that were sent whole.")),
      imported_(services.metrics.counter("photofarm_records_imported_total",
                                         "Records that were taken in and stored.")) {}

void RecordsApi::add_endpoints(net::EndpointTable& table) {
  table.add({.method = net::Method::kGet,
             .pattern = "/v1/records/{id}",
             .name = "export",
             .handle = [this](net::Exchange& exchange) { return get(exchange); }});
  table.add({.method = net::Method::kPost,
             .pattern = "/v1/records",
             .name = "import",
             .max_body_bytes = max_record_bytes_,
             .handle = [this](net::Exchange& exchange) { return add(exchange); }});
}

io::Task<void> RecordsApi::get(net::Exchange& exchange) {
  const Result<Outgoing> record = co_await open(exchange);
  if (!record) {
    (void)co_await send_error(exchange, record.error());
    co_return;
  }
  exchange.head().start(200);
  exchange.head().add("Content-Type", "application/octet-stream");
  exchange.head().add("ETag", record_tag(record.value().stored.view()));
  exchange.head().add("Cache-Control", "no-store");
  exchange.head().add("X-Content-Type-Options", "nosniff");
  const Result<void> sent = co_await send_record(exchange, record.value());
  if (sent) {
    exported_.add();
    co_return;
  }
  // The head has gone out: ending the connection is all that tells the client.
  exchange.close_after();
  if (sent.error().source != "net") {
    obs::log_error("an export was cut short", {{"photo", record.value().stored.view().id()},
                                               {"error", sent.error().message()}});
  }
}

io::Task<Result<RecordsApi::Outgoing>> RecordsApi::open(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kAdmin));
  FARM_CO_TRY(read_query(exchange, {}));
  FARM_CO_TRY(const PhotoId id, photo_id_param(exchange));
  const auto work = [this, id] { return load(id); };
  co_return co_await io::offload(services_.disk_pool, work);
}

Result<RecordsApi::Outgoing> RecordsApi::load(PhotoId id) {
  FARM_TRY(const PhotoRow row, services_.catalog.get(id));
  auto stored = store::read_header(services_.store, id);
  if (!stored && stored.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound, "roles",
                "photo " + id.str() + " has no record in the store; is a disk missing?");
  }
  if (!stored && stored.error().code == ErrorCode::kConflict) {
    return fail(ErrorCode::kBusy, "roles", "the photo is being changed; try again");
  }
  if (!stored) return fail(std::move(stored).error());
  FARM_TRY(Bytes header,
           photo::relabel(stored.value().view(),
                          {.visibility = row.visibility, .owner = row.owner, .title = row.title}));
  return Outgoing{std::move(stored).value(), std::move(header)};
}

io::Task<Result<void>> RecordsApi::send_record(net::Exchange& exchange, const Outgoing& record) {
  const photo::RecordView& view = record.stored.view();
  FARM_CO_TRY(co_await exchange.begin(record.bytes()));
  if (!exchange.wants_body()) co_return ok();
  FARM_CO_TRY(co_await exchange.write(record.header));
  Bytes buffer(kPieceBytes);
  for (std::size_t i = 0; i < view.size_count(); ++i) {
    const photo::SizeEntry size = view.size_at(i);
    for (std::uint64_t done = 0; done < size.length;) {
      const std::uint64_t block = done / photo::kRecordBlockBytes;
      const auto read = [&] {
        return store::read_blocks(services_.store, view, size, block, buffer);
      };
      FARM_CO_TRY(const ByteView piece, co_await io::offload(services_.disk_pool, read));
      FARM_CO_TRY(co_await exchange.write(piece));
      done += piece.size();
    }
  }
  co_return ok();
}

io::Task<void> RecordsApi::add(net::Exchange& exchange) {
  Result<PhotoWriter::Imported> imported = co_await take_in(exchange);
  if (!imported) {
    (void)co_await send_error(exchange, std::move(imported).error());
    co_return;
  }
  const PhotoRow& row = imported.value().row;
  if (imported.value().stored) imported_.add();
  std::string location = "Location: /v1/photos/" + row.id.str() + "\r\n";
  co_await send_photo(exchange, imported.value().stored ? 201 : 200, row, services_.config,
                      std::move(location));
}

io::Task<Result<PhotoWriter::Imported>> RecordsApi::take_in(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kAdmin));
  FARM_CO_TRY(read_query(exchange, {}));
  const auto share =
      services_.memory.take(exchange.request().content_length.value_or(max_record_bytes_));
  if (!share) {
    co_return fail(ErrorCode::kBusy, "roles", "too many uploads at once; try again soon");
  }
  FARM_CO_TRY(const net::BodyBuffer body, co_await net::read_whole_body(exchange));
  const ByteView bytes = body.view();
  const auto work = [this, bytes] { return check_and_import(bytes); };
  co_return co_await io::offload(services_.disk_pool, work);
}

Result<PhotoWriter::Imported> RecordsApi::check_and_import(ByteView bytes) {
  FARM_TRY(const photo::RecordView record, check_whole_record(bytes));
  const photo::RecordInfo info = record.info();
  if (info.server != services_.config.server_id) {
    return unprocessable("the record is of server " + std::to_string(info.server) +
                         ", and this is server " + std::to_string(services_.config.server_id) +
                         ": the photo's URLs lead there");
  }
  if (info.id.created_ms() > services_.clock.now_ms() + kMostAhead.count()) {
    return unprocessable("the photo's id is of the future (" +
                         format_rfc3339(info.id.created_ms()) + "); is this server's clock right?");
  }
  FARM_TRY(check_labels(info));
  return writer_.import_record(record, bytes);
}

}  // namespace farm::roles
