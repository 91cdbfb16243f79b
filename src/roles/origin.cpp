#include "roles/origin.h"

#include "base/checksum.h"
#include "image/image.h"
#include "io/offload.h"
#include "roles/errors.h"
#include "roles/picture_charge.h"
#include "roles/size_response.h"

namespace farm::roles {
namespace {

using photo::SizeCode;
using store::RecordPrefix;
using url::PermissionUrl;

// Larger sizes may not fit into a socket's buffer and would be copied.
constexpr std::uint64_t kMostAtOnce = 128 << 10;

bool permits(const photo::RecordView& view, const PermissionUrl& url) {
  const bool original = url.code == SizeCode::kOriginal;
  return (original ? view.original_secret() : view.secret()).matches(url.secret);
}

SizeFacts facts_of(const photo::RecordView& view, const photo::SizeEntry& size) {
  return {.id = view.id(),
          .format = size.format,
          .length = size.length,
          .fingerprint = view.fingerprint(size),
          .changed_ms = view.changed_ms()};
}

// Blocks of one stored size, read from the page cache where they are there, else by a disk thread.
class StoredSource final : public SizeSource {
 public:
  StoredSource(Services& services, photo::RecordView view, photo::SizeEntry size,
               MutableByteView buffer)
      : services_(services), view_(view), size_(size), buffer_(buffer) {}

  io::Task<Result<ByteView>> read(std::uint64_t first) override {
    const std::uint64_t block = first / photo::kRecordBlockBytes;
    const std::size_t skip = first % photo::kRecordBlockBytes;
    auto now = store::try_read_blocks(services_.store, view_, size_, block, buffer_);
    if (!now) {
      const auto wait = [this, block] {
        return store::read_blocks(services_.store, view_, size_, block, buffer_);
      };
      now = co_await io::offload(services_.disk_pool, wait);
    }
    FARM_CO_TRY(const ByteView bytes, std::move(*now));
    co_return bytes.subspan(skip);
  }

 private:
  Services& services_;
  photo::RecordView view_;
  photo::SizeEntry size_;
  MutableByteView buffer_;
};

}  // namespace

Origin::Origin(Services& services)
    : services_(services),
      threads_(services.net_threads),
      renders_(services.metrics.counter("photofarm_on_demand_renders_total",
                                        "Sizes made on demand at the origin.")) {}

void Origin::add_endpoints(net::EndpointTable& table) {
  table.add({.method = net::Method::kGet,
             .pattern = "/{server}/{file}",
             .name = "permission_url",
             .handle = [this](net::Exchange& exchange) { return serve(exchange); },
             .at_once = [this](net::Exchange& exchange) { return serve_now(exchange); }});
}

io::Task<void> Origin::not_found(net::Exchange& exchange) {
  static constexpr std::string_view kBody =
      "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
      "\"detail\":\"there is nothing here\"}\n";
  exchange.head().start(404);
  exchange.head().add_lines(
      "Content-Type: application/problem+json\r\n"
      "Cache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\n");
  (void)co_await exchange.send(kBody);
}

io::Task<Result<RecordPrefix>> Origin::read_prefix(PhotoId id, std::size_t window,
                                                   MutableByteView buffer) {
  const auto wait = [this, id, window, buffer] {
    return store::read_prefix(services_.store, id, window, buffer);
  };
  co_return co_await io::offload(services_.disk_pool, wait);
}

std::optional<PermissionUrl> Origin::wanted(const net::Exchange& exchange) const {
  const net::RequestHead& request = exchange.request();
  const auto url = url::parse_permission_url(request.path);
  if (!url || request.has_query || url->server != services_.config.server_id) return {};
  return url;
}

// The usual case, by nothing but a read of the page cache and a send.
bool Origin::serve_now(net::Exchange& exchange) {
  const auto url = wanted(exchange);
  if (!url || !photo::spec_of(url->code).stored) return false;
  PerThread& mine = threads_[exchange.thread_index()];
  ReadBuffers::Lease lease = mine.buffers.take();
  const store::Window window = mine.window.of(url->code);
  const auto prefix = store::try_read_prefix(services_.store, url->id, window, lease.view());
  if (!prefix || !*prefix || !permits(prefix->value().view, *url)) return false;
  const photo::RecordView& view = prefix->value().view;
  const auto size = view.find(url->code);
  if (!size || size->format != url->format || size->length > kMostAtOnce) return false;
  mine.window.learn(url->code, size->offset + size->length);
  auto bytes = store::size_in_prefix(services_.store, prefix->value(), *size);
  if (!bytes) {
    bytes = store::try_read_blocks(services_.store, view, *size, 0,
                                   lease.view().subspan(view.header_bytes()));
  }
  if (!bytes || !*bytes || bytes->value().size() != size->length) return false;
  return send_size_now(exchange, facts_of(view, *size), bytes->value());
}

io::Task<void> Origin::serve(net::Exchange& exchange) {
  const auto url = wanted(exchange);
  if (!url) co_return co_await not_found(exchange);
  PerThread& mine = threads_[exchange.thread_index()];
  ReadBuffers::Lease lease = mine.buffers.take();
  const store::Window window = mine.window.of(url->code);
  auto prefix = store::try_read_prefix(services_.store, url->id, window, lease.view());
  if (!prefix) {
    prefix = co_await read_prefix(url->id, ReadWindow::kCold, lease.view());
  }
  if (!*prefix) {
    if (prefix->error().code == ErrorCode::kNotFound) co_return co_await not_found(exchange);
    (void)co_await send_error(exchange, std::move(*prefix).error());
    co_return;
  }
  if (!permits(prefix->value().view, *url)) co_return co_await not_found(exchange);
  if (photo::spec_of(url->code).stored) {
    co_await serve_stored(exchange, *url, lease.view(), prefix->value());
  } else {
    co_await serve_on_demand(exchange, *url, prefix->value());
  }
}

io::Task<void> Origin::serve_stored(net::Exchange& exchange, const PermissionUrl& url,
                                    MutableByteView buffer, RecordPrefix prefix) {
  const photo::RecordView& view = prefix.view;
  const auto size = view.find(url.code);
  if (!size || size->format != url.format) co_return co_await not_found(exchange);
  const SizeFacts facts = facts_of(view, *size);
  if (const auto bytes = store::size_in_prefix(services_.store, prefix, *size)) {
    if (*bytes) co_return co_await send_size(exchange, facts, bytes->value());
    (void)co_await send_error(exchange, bytes->error());
    co_return;
  }
  // The header stays at the buffer's front: the view looks into it.
  StoredSource source(services_, view, *size, buffer.subspan(view.header_bytes()));
  if (size->length > buffer.size() - view.header_bytes()) {
    co_return co_await stream_size(exchange, facts, source);
  }
  const auto bytes = co_await source.read(0);
  if (bytes) co_return co_await send_size(exchange, facts, bytes.value());
  if (bytes.error().code == ErrorCode::kNotFound || bytes.error().code == ErrorCode::kConflict) {
    co_return co_await not_found(exchange);  // deleted or changed a moment ago
  }
  (void)co_await send_error(exchange, bytes.error());
}

io::Task<void> Origin::serve_on_demand(net::Exchange& exchange, const PermissionUrl& url,
                                       RecordPrefix prefix) {
  const auto original = prefix.view.find(SizeCode::kOriginal);
  const Millis changed_ms = prefix.view.changed_ms();
  if (!original) co_return co_await not_found(exchange);
  const auto share = services_.memory.take(original->length);
  if (!share) {
    (void)co_await send_error(
        exchange, make_error(ErrorCode::kBusy, "roles", "too many pictures are being worked on"));
    co_return;
  }
  const auto read = [this, url] {
    return store::read_size(services_.store, url.id, SizeCode::kOriginal);
  };
  const auto source = co_await io::offload(services_.disk_pool, read);
  if (!source) {
    if (source.error().code == ErrorCode::kNotFound) co_return co_await not_found(exchange);
    (void)co_await send_error(exchange, source.error());
    co_return;
  }
  if (source.value().header.view().version() != prefix.view.version()) {
    co_return co_await not_found(exchange);  // changed a moment ago: this URL is dead
  }
  const auto charged =
      co_await charge_sizes(services_, source.value().bytes, photo::spec_of(url.code).side_px);
  if (!charged) {
    (void)co_await send_error(exchange, charged.error());
    co_return;
  }
  renders_.add();
  const auto render = [this, url, &source] {
    return image::render_one(source.value().bytes, url.code, services_.image_config);
  };
  const auto made = co_await io::offload(services_.image_pool, render);
  if (!made) {
    (void)co_await send_error(exchange, made.error());
    co_return;
  }
  const Bytes& bytes = made.value().bytes;
  const SizeFacts facts = {.id = url.id,
                           .format = made.value().format,
                           .length = bytes.size(),
                           .fingerprint = std::uint64_t{crc32c(bytes)} << 32 | bytes.size(),
                           .changed_ms = changed_ms};
  co_await send_size(exchange, facts, bytes);
}

}  // namespace farm::roles
