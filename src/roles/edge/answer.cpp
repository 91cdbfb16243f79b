#include "roles/edge/answer.h"

#include <array>
#include <charconv>

#include "cache/http/partial.h"
#include "cache/http/stored_response.h"
#include "net/http_date.h"
#include "net/multipart_ranges.h"
#include "net/precondition.h"
#include "net/response_head.h"

namespace farm::roles {
namespace {

using cache::CacheStatus;
using cache::Object;
using cache::ObjectRef;
using net::ByteRange;
using net::RangeSet;

// Age, Cache-Status and Content-Range: what a stored head lacks. On the stack.
class MoreLines {
 public:
  MoreLines(const Object& object, Millis now_ms, std::string_view cache_name, CacheStatus status) {
    const cache::ObjectMeta& meta = object.meta();
    const cache::Seconds age = cache::current_age(meta.initial_age_s, meta.stored_ms, now_ms);
    put("Age: ");
    char* const end = std::to_chars(room_.data() + size_, room_.data() + room_.size(), age).ptr;
    size_ = static_cast<std::size_t>(end - room_.data());
    put("\r\n");
    // Soft purges and no-cache leave no time to live.
    const Millis ttl = object.expired() ? 0 : (meta.fresh_until_ms - now_ms) / 1000;
    if (status.hit) status.ttl_s = ttl;
    size_ += cache::write_cache_status(std::span(room_).subspan(size_), cache_name, status);
  }
  void add(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }
  std::string_view text() const { return {room_.data(), size_}; }

 private:
  void put(std::string_view text) {
    if (text.size() > room_.size() - size_) return;
    text.copy(room_.data() + size_, text.size());
    size_ += text.size();
  }

  std::array<char, cache::kMaxCacheStatusBytes + 256> room_;
  std::size_t size_ = 0;
};

// Without Last-Modified, If-Modified-Since is compared with Date (RFC 9111 section 4.3.2).
Millis date_of(const Object& object) {
  const auto fields = cache::parse_header_lines(cache::header_lines(object));
  const auto date = cache::find_header(fields, "Date");
  return date ? net::parse_http_date(*date).value_or(0) : 0;
}

net::Precondition precondition(const net::RequestHead& request, const Object& object) {
  // Only what would have been a 200 is compared (RFC 9110 section 13.2.1).
  if (object.meta().status != 200) return net::Precondition::kProceed;
  Millis modified_ms = object.meta().last_modified_ms;
  if (modified_ms == 0 && request.find("If-Modified-Since")) modified_ms = date_of(object);
  return net::evaluate_preconditions(request, object.etag(), modified_ms);
}

RangeSet ranges_of(const net::RequestHead& request, const Object& object, std::uint64_t length) {
  const auto range = request.find("Range");
  const bool counts = range && request.method == net::Method::kGet && object.meta().status == 200 &&
                      net::range_applies(request, object.etag(), object.meta().last_modified_ms);
  return counts ? RangeSet::parse(*range, length) : RangeSet();
}

void send_not_modified(net::Exchange& exchange, ObjectRef object, const MoreLines& more) {
  const net::ReadyResponse response = {.status = 304,
                                       .status_line = "HTTP/1.1 304 Not Modified\r\n",
                                       .head = cache::header_lines(*object),
                                       .more = more.text()};
  exchange.send_ready(response, std::move(object).keep());
}

void send_range(net::Exchange& exchange, ObjectRef object, MoreLines& more, const ByteRange& range,
                std::uint64_t length, ByteView bytes) {
  more.add("Content-Range", net::content_range(range, length));
  const net::ReadyResponse response = {.status = 206,
                                       .status_line = "HTTP/1.1 206 Partial Content\r\n",
                                       .head = cache::header_lines(*object),
                                       .more = more.text(),
                                       .body = bytes};
  exchange.send_ready(response, std::move(object).keep());
}

void send_whole(net::Exchange& exchange, ObjectRef object, const MoreLines& more) {
  const net::ReadyResponse response = {.status = object->meta().status,
                                       .head = object->head(),
                                       .more = more.text(),
                                       .body = object->body()};
  exchange.send_ready(response, std::move(object).keep());
}

io::Task<void> send_ranges(net::Exchange& exchange, ObjectRef object, RangeSet ranges,
                           std::string more) {
  static constexpr std::array<std::string_view, 1> kType = {"Content-Type"};
  const auto fields = cache::parse_header_lines(cache::header_lines(*object));
  const std::string_view media_type = cache::find_header(fields, kType[0]).value_or("");
  std::string lines = cache::join_header_lines(fields, kType);
  lines.append("Content-Type: ").append(net::MultipartRanges::content_type()).append("\r\n");
  const net::MultipartRanges parts(ranges, media_type, object->body().size());
  const net::ReadyResponse response = {.status = 206,
                                       .status_line = "HTTP/1.1 206 Partial Content\r\n",
                                       .head = lines,
                                       .more = more};
  const Result<void> begun = co_await exchange.begin_ready(response, parts.content_length());
  if (!begun) co_return;
  for (std::size_t i = 0; i < ranges.ranges().size(); ++i) {
    const ByteRange range = ranges.ranges()[i];
    const std::string head = parts.part_head(i);
    const Result<void> told = co_await exchange.write(as_bytes(head));
    if (!told) co_return;
    const Result<void> sent = co_await exchange.write(object->body().subspan(
        static_cast<std::size_t>(range.first), static_cast<std::size_t>(range.length())));
    if (!sent) co_return;
  }
  (void)co_await exchange.write(as_bytes(net::MultipartRanges::last_boundary()));
}

// What a Range header makes of it: one part, or the whole where it does not count.
bool answer_range_now(net::Exchange& exchange, ObjectRef& object, MoreLines& more) {
  const ByteView body = object->body();
  const RangeSet ranges = ranges_of(exchange.request(), *object, body.size());
  if (ranges.kind() == RangeSet::Kind::kUnsatisfiable || ranges.ranges().size() > 1) return false;
  if (ranges.kind() == RangeSet::Kind::kWhole) {
    send_whole(exchange, std::move(object), more);
    return true;
  }
  const ByteRange range = ranges.ranges().front();
  send_range(exchange, std::move(object), more, range, body.size(),
             body.subspan(static_cast<std::size_t>(range.first),
                          static_cast<std::size_t>(range.length())));
  return true;
}

}  // namespace

bool answer_stored_now(net::Exchange& exchange, ObjectRef& object, Millis now_ms,
                       std::string_view cache_name, CacheStatus status) {
  const net::RequestHead& request = exchange.request();
  const net::Precondition condition = precondition(request, *object);
  if (condition == net::Precondition::kFailed) return false;
  MoreLines more(*object, now_ms, cache_name, status);
  if (condition == net::Precondition::kNotModified) {
    send_not_modified(exchange, std::move(object), more);
  } else if (request.find("Range")) {
    return answer_range_now(exchange, object, more);
  } else {
    send_whole(exchange, std::move(object), more);
  }
  return true;
}

io::Task<void> answer_stored(net::Exchange& exchange, ObjectRef object, Millis now_ms,
                             std::string_view cache_name, CacheStatus status) {
  if (answer_stored_now(exchange, object, now_ms, cache_name, status)) co_return;
  const MoreLines more(*object, now_ms, cache_name, status);
  const RangeSet ranges = ranges_of(exchange.request(), *object, object->body().size());
  if (ranges.kind() == RangeSet::Kind::kRanges) {
    co_return co_await send_ranges(exchange, object, ranges, std::string(more.text()));
  }
  std::string extra(more.text());
  if (ranges.kind() == RangeSet::Kind::kUnsatisfiable) {
    extra += "Content-Range: bytes */" + std::to_string(object->body().size()) + "\r\n";
    (void)co_await exchange.send_problem(416, "none of the ranges lies in it", extra);
  } else {
    (void)co_await exchange.send_problem(412, "a precondition of the request does not hold", extra);
  }
}

bool has_part(const net::RequestHead& request, const Object& object) {
  const auto view = cache::PartialView::parse(object.body());
  if (!view) return false;
  const RangeSet ranges = ranges_of(request, object, view->complete_bytes());
  return ranges.kind() == RangeSet::Kind::kRanges && ranges.ranges().size() == 1 &&
         view->covers(ranges.ranges().front());
}

io::Task<void> answer_part(net::Exchange& exchange, ObjectRef object, Millis now_ms,
                           std::string_view cache_name, CacheStatus status) {
  MoreLines more(*object, now_ms, cache_name, status);
  if (precondition(exchange.request(), *object) == net::Precondition::kNotModified) {
    send_not_modified(exchange, object, more);
    co_return;
  }
  const auto view = cache::PartialView::parse(object->body());
  const ByteRange range =
      ranges_of(exchange.request(), *object, view->complete_bytes()).ranges().front();
  send_range(exchange, object, more, range, view->complete_bytes(), view->view(range));
}

}  // namespace farm::roles
