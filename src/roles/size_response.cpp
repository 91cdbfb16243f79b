#include "roles/size_response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "net/http_date.h"
#include "net/multipart_ranges.h"
#include "net/precondition.h"
#include "obs/log.h"
#include "roles/errors.h"

namespace farm::roles {
namespace {

using net::ByteRange;
using net::RangeSet;

// A strong validator: "0123456789abcdef" with its quotes.
class EntityTag {
 public:
  explicit EntityTag(std::uint64_t fingerprint) {
    text_.fill('0');
    text_.front() = text_.back() = '"';
    std::array<char, 16> digits;
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), fingerprint, 16).ptr;
    std::copy_backward(digits.data(), end, text_.data() + 17);
  }
  std::string_view view() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 18> text_;
};

void add_common_headers(net::ResponseHead& head, const SizeFacts& facts, const EntityTag& tag) {
  std::array<char, 24> cache_tag{'p'};
  const auto end =
      std::to_chars(cache_tag.data() + 1, cache_tag.data() + cache_tag.size(), facts.id.value).ptr;
  head.add("ETag", tag.view());
  head.add("Last-Modified", net::HttpDate(facts.changed_ms).text());
  head.add("Cache-Tag", {cache_tag.data(), static_cast<std::size_t>(end - cache_tag.data())});
  head.add_lines(
      "Cache-Control: public, max-age=31536000, immutable\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "Accept-Ranges: bytes\r\n");
  if (facts.varies) head.add("Vary", "Accept");
}

// What is to be sent, decided from the request alone.
struct Plan {
  enum class Answer { kWhole, kRanges, kNotModified, kPreconditionFailed, kUnsatisfiable };
  Answer answer = Answer::kWhole;
  RangeSet ranges;
};

Plan make_plan(const net::RequestHead& request, const SizeFacts& facts, const EntityTag& tag) {
  Plan plan;
  switch (net::evaluate_preconditions(request, tag.view(), facts.changed_ms)) {
    case net::Precondition::kProceed:
      break;
    case net::Precondition::kNotModified:
      plan.answer = Plan::Answer::kNotModified;
      return plan;
    case net::Precondition::kFailed:
      plan.answer = Plan::Answer::kPreconditionFailed;
      return plan;
  }
  // Range is defined for GET only (RFC 9110 section 14.2).
  const auto range = request.find("Range");
  if (!range || request.method != net::Method::kGet ||
      !net::range_applies(request, tag.view(), facts.changed_ms)) {
    return plan;
  }
  plan.ranges = RangeSet::parse(*range, facts.length);
  if (plan.ranges.kind() == RangeSet::Kind::kRanges) plan.answer = Plan::Answer::kRanges;
  if (plan.ranges.kind() == RangeSet::Kind::kUnsatisfiable) {
    plan.answer = Plan::Answer::kUnsatisfiable;
  }
  return plan;
}

// The answers that have none of the size's bytes.
io::Task<void> send_without_bytes(net::Exchange& exchange, Plan::Answer answer, SizeFacts facts) {
  if (answer == Plan::Answer::kNotModified) {
    exchange.head().start(304);
    add_common_headers(exchange.head(), facts, EntityTag(facts.fingerprint));
    (void)co_await exchange.send(ByteView{});
  } else if (answer == Plan::Answer::kPreconditionFailed) {
    (void)co_await exchange.send_problem(412, "a precondition of the request does not hold");
  } else {
    const std::string extra = "Content-Range: bytes */" + std::to_string(facts.length) + "\r\n";
    (void)co_await exchange.send_problem(416, "none of the ranges lies in the picture", extra);
  }
}

// Starts the head of an answer with bytes; false if this answer has none.
bool start_response(net::Exchange& exchange, const SizeFacts& facts, Plan& plan) {
  const EntityTag tag(facts.fingerprint);
  plan = make_plan(exchange.request(), facts, tag);
  const bool whole = plan.answer == Plan::Answer::kWhole;
  if (!whole && plan.answer != Plan::Answer::kRanges) return false;
  net::ResponseHead& head = exchange.head();
  head.start(whole ? 200 : 206);
  add_common_headers(head, facts, tag);
  if (plan.ranges.ranges().size() > 1) {
    head.add("Content-Type", net::MultipartRanges::content_type());
    return true;
  }
  head.add("Content-Type", photo::media_type(facts.format));
  if (!whole) {
    head.add("Content-Range", net::content_range(plan.ranges.ranges().front(), facts.length));
  }
  return true;
}

class MemorySource final : public SizeSource {
 public:
  explicit MemorySource(ByteView bytes) : bytes_(bytes) {}
  io::Task<Result<ByteView>> read(std::uint64_t first) override { co_return bytes_.subspan(first); }

 private:
  ByteView bytes_;
};

io::Task<Result<void>> write_range(net::Exchange& exchange, SizeSource& source, ByteRange range) {
  std::uint64_t at = range.first;
  while (at <= range.last) {
    FARM_CO_TRY(ByteView bytes, co_await source.read(at));
    bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), range.last + 1 - at));
    FARM_CO_TRY(co_await exchange.write(bytes));
    at += bytes.size();
  }
  co_return ok();
}

io::Task<Result<void>> write_multipart(net::Exchange& exchange, const Plan& plan,
                                       const net::MultipartRanges& parts, SizeSource& source) {
  for (std::size_t i = 0; i < plan.ranges.ranges().size(); ++i) {
    const std::string head = parts.part_head(i);
    FARM_CO_TRY(co_await exchange.write(as_bytes(head)));
    FARM_CO_TRY(co_await write_range(exchange, source, plan.ranges.ranges()[i]));
  }
  co_return co_await exchange.write(as_bytes(net::MultipartRanges::last_boundary()));
}

io::Task<Result<void>> write_plan(net::Exchange& exchange, const Plan& plan, const SizeFacts& facts,
                                  SizeSource& source) {
  const bool multipart = plan.ranges.ranges().size() > 1;
  const ByteRange only = plan.answer == Plan::Answer::kWhole ? ByteRange{0, facts.length - 1}
                                                             : plan.ranges.ranges().front();
  const net::MultipartRanges parts(plan.ranges, photo::media_type(facts.format), facts.length);
  FARM_CO_TRY(co_await exchange.begin(multipart ? parts.content_length() : only.length()));
  if (!exchange.wants_body()) co_return ok();
  if (multipart) co_return co_await write_multipart(exchange, plan, parts, source);
  co_return co_await write_range(exchange, source, only);
}

}  // namespace

std::string size_head(const SizeFacts& facts, Millis date_ms) {
  net::ResponseHead head;
  head.start(200);
  add_common_headers(head, facts, EntityTag(facts.fingerprint));
  head.add("Content-Type", photo::media_type(facts.format));
  head.add("Date", net::HttpDate(date_ms).text());
  return std::string(head.text());
}

bool send_size_now(net::Exchange& exchange, const SizeFacts& facts, ByteView bytes) {
  Plan plan;
  if (!start_response(exchange, facts, plan) || plan.answer != Plan::Answer::kWhole) return false;
  exchange.send_now(bytes);
  return true;
}

io::Task<void> send_size(net::Exchange& exchange, SizeFacts facts, ByteView bytes) {
  Plan plan;
  if (!start_response(exchange, facts, plan)) {
    co_return co_await send_without_bytes(exchange, plan.answer, facts);
  }
  if (plan.answer == Plan::Answer::kWhole) {
    (void)co_await exchange.send(bytes);
  } else if (plan.ranges.ranges().size() == 1) {
    const ByteRange range = plan.ranges.ranges().front();
    (void)co_await exchange.send(bytes.subspan(range.first, range.length()));
  } else {
    MemorySource source(bytes);
    (void)co_await write_plan(exchange, plan, facts, source);
  }
}

io::Task<void> stream_size(net::Exchange& exchange, SizeFacts facts, SizeSource& source) {
  Plan plan;
  if (!start_response(exchange, facts, plan)) {
    co_return co_await send_without_bytes(exchange, plan.answer, facts);
  }
  const Result<void> sent = co_await write_plan(exchange, plan, facts, source);
  if (sent) co_return;
  // The head has gone out: all that is left is to end the connection, so that nobody takes the
  // part for the whole.
  exchange.close_after();
  if (sent.error().source != "net") {
    obs::log_error("a response was cut short",
                   {{"photo", facts.id}, {"error", sent.error().message()}});
  }
}

}  // namespace farm::roles
