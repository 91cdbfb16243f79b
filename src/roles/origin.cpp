#include "roles/origin.h"

#include "io/offload.h"
#include "net/accept.h"
#include "roles/errors.h"
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

// Whether records hold it: sizes are stored as JPEG, an original in its own format.
bool is_stored(const PermissionUrl& url) {
  return photo::spec_of(url.code).stored &&
         (url.code == SizeCode::kOriginal || url.format == photo::Format::kJpeg);
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
    : services_(services), threads_(services.net_threads), on_demand_(services) {}

void Origin::add_endpoints(net::EndpointTable& table) {
  table.add({.method = net::Method::kGet,
             .pattern = "/{server}/{file}",
             .name = "permission_url",
             .handle = [this](net::Exchange& exchange) { return serve(exchange); },
             .at_once = [this](net::Exchange& exchange) { serve_now(exchange); }});
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

void Origin::keep(const net::Exchange& exchange, const SizeFacts& facts, ByteView bytes,
                  std::uint64_t mark) const {
  if (keeper_ != nullptr) keeper_->keep(exchange, facts, bytes, mark);
}

std::optional<PermissionUrl> Origin::wanted(const net::RequestHead& request) const {
  const auto url = url::parse_permission_url(request.path);
  if (!url || request.has_query || url->server != services_.config.server_id) return {};
  return url;
}

photo::Format Origin::negotiate(const net::RequestHead& request) const {
  for (const photo::Format format : services_.config.on_demand.negotiated) {
    if (net::accepts_by_name(request, photo::media_type(format))) return format;
  }
  return photo::Format::kJpeg;
}

// The usual case, by nothing but a read of the page cache and a send.
void Origin::serve_now(net::Exchange& exchange) {
  const auto url = wanted(exchange.request());
  if (!url || url->negotiated || !photo::spec_of(url->code).stored) return;
  PerThread& mine = threads_[exchange.thread_index()];
  const std::uint64_t mark = this->mark();
  ReadBuffers::Lease lease = mine.buffers.take();
  const store::Window window = mine.window.of(url->code);
  const auto prefix = store::try_read_prefix(services_.store, url->id, window, lease.view());
  if (!prefix || !*prefix || !permits(prefix->value().view, *url)) return;
  const photo::RecordView& view = prefix->value().view;
  const auto size = view.find(url->code);
  if (!size || size->format != url->format || size->length > kMostAtOnce) return;
  mine.window.learn(url->code, size->offset + size->length);
  auto bytes = store::size_in_prefix(services_.store, prefix->value(), *size);
  if (!bytes) {
    bytes = store::try_read_blocks(services_.store, view, *size, 0,
                                   lease.view().subspan(view.header_bytes()));
  }
  if (!bytes || !*bytes || bytes->value().size() != size->length) return;
  const SizeFacts facts = facts_of(view, *size);
  if (!send_size_now(exchange, facts, bytes->value())) return;
  keep(exchange, facts, bytes->value(), mark);
}

io::Task<void> Origin::serve(net::Exchange& exchange) {
  auto url = wanted(exchange.request());
  if (!url) co_return co_await not_found(exchange);
  if (url->negotiated) url->format = negotiate(exchange.request());
  const std::uint64_t mark = this->mark();
  PerThread& mine = threads_[exchange.thread_index()];
  ReadBuffers::Lease lease = mine.buffers.take();
  // Of a size that is made on demand the header is enough.
  const store::Window window =
      is_stored(*url) ? mine.window.of(url->code) : store::Window{ReadWindow::kLeast};
  auto prefix = store::try_read_prefix(services_.store, url->id, window, lease.view());
  if (!prefix) {
    // Where the disk has to be waited for, one longer read is cheaper than two.
    prefix = co_await read_prefix(url->id, 2 * services_.store.read_window(), lease.view());
  }
  if (!*prefix) {
    if (prefix->error().code == ErrorCode::kNotFound) co_return co_await not_found(exchange);
    (void)co_await send_error(exchange, std::move(*prefix).error());
    co_return;
  }
  if (!permits(prefix->value().view, *url)) co_return co_await not_found(exchange);
  if (is_stored(*url)) {
    co_await serve_stored(exchange, *url, lease.view(), prefix->value(), mark);
  } else {
    co_await serve_on_demand(exchange, *url, prefix->value(), mark);
  }
}

io::Task<void> Origin::serve_stored(net::Exchange& exchange, const PermissionUrl& url,
                                    MutableByteView buffer, RecordPrefix prefix,
                                    std::uint64_t mark) {
  const photo::RecordView& view = prefix.view;
  const auto size = view.find(url.code);
  if (!size || size->format != url.format) co_return co_await not_found(exchange);
  SizeFacts facts = facts_of(view, *size);
  facts.varies = url.negotiated;
  if (const auto bytes = store::size_in_prefix(services_.store, prefix, *size)) {
    if (*bytes) {
      co_await send_size(exchange, facts, bytes->value());
      keep(exchange, facts, bytes->value(), mark);
      co_return;
    }
    (void)co_await send_error(exchange, bytes->error());
    co_return;
  }
  // The header stays at the buffer's front: the view looks into it.
  StoredSource source(services_, view, *size, buffer.subspan(view.header_bytes()));
  if (size->length > buffer.size() - view.header_bytes()) {
    co_return co_await stream_size(exchange, facts, source);
  }
  const auto bytes = co_await source.read(0);
  if (bytes) {
    co_await send_size(exchange, facts, bytes.value());
    if (bytes.value().size() == size->length) keep(exchange, facts, bytes.value(), mark);
    co_return;
  }
  if (bytes.error().code == ErrorCode::kNotFound || bytes.error().code == ErrorCode::kConflict) {
    co_return co_await not_found(exchange);  // deleted or changed a moment ago
  }
  (void)co_await send_error(exchange, bytes.error());
}

io::Task<void> Origin::serve_on_demand(net::Exchange& exchange, const PermissionUrl& url,
                                       RecordPrefix prefix, std::uint64_t mark) {
  const photo::RecordView& view = prefix.view;
  // A stored size that this photo lacks is lacking in every format.
  if (photo::spec_of(url.code).stored && !view.find(url.code)) {
    co_return co_await not_found(exchange);
  }
  const auto original = view.find(SizeCode::kOriginal);
  if (!original) co_return co_await not_found(exchange);
  const Millis changed_ms = view.changed_ms();
  const auto made = co_await on_demand_.get({.id = url.id,
                                             .version = view.version(),
                                             .code = url.code,
                                             .format = url.format,
                                             .original_bytes = original->length});
  if (!made) {
    if (made.error().code == ErrorCode::kNotFound) co_return co_await not_found(exchange);
    (void)co_await send_error(exchange, made.error());
    co_return;
  }
  const Rendition& size = made.value();
  const SizeFacts facts = {.id = url.id,
                           .format = size.format,
                           .length = size.bytes().size(),
                           .fingerprint = size.fingerprint,
                           .changed_ms = changed_ms,
                           .varies = url.negotiated};
  co_await send_size(exchange, facts, size.bytes());
  keep(exchange, facts, size.bytes(), mark);
}

}  // namespace farm::roles
