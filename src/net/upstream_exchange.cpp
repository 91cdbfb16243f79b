#include "net/upstream_exchange.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/upstream_request.h"

namespace farm::net {
namespace {

constexpr std::size_t kFirstBufferBytes = 4 << 10;
constexpr int kMaxInterim = 64;

// "1a\r\n": what stands before a chunk.
class ChunkSize {
 public:
  explicit ChunkSize(std::size_t bytes) {
    char* const end = std::to_chars(text_.data(), text_.data() + 16, bytes, 16).ptr;
    end[0] = '\r';
    end[1] = '\n';
    size_ = static_cast<std::size_t>(end - text_.data()) + 2;
  }
  ByteView view() const { return as_bytes({text_.data(), size_}); }

 private:
  std::array<char, 18> text_;
  std::size_t size_ = 0;
};

std::chrono::milliseconds choose(std::chrono::milliseconds own,
                                 std::chrono::milliseconds otherwise) {
  return own.count() > 0 ? own : otherwise;
}

}  // namespace

PooledExchange::PooledExchange(UpstreamPool::Lease lease, std::shared_ptr<UpstreamPool> pool,
                               const UpstreamRequest& request, std::string head_text)
    : pool_(std::move(pool)),
      lease_(std::move(lease)),
      head_text_(std::move(head_text)),
      to_head_(request.method == "HEAD"),
      repeatable_(!request.has_body() && may_be_repeated(request.method)),
      chunked_request_(request.chunked),
      connect_timeout_(choose(request.connect_timeout, pool_->config().connect_timeout)),
      head_timeout_(choose(request.head_timeout, pool_->config().head_timeout)),
      request_left_(request.content_length.value_or(0)),
      takes_body_(request.has_body()),
      parser_(pool_->config().max_head_bytes),
      chunks_(pool_->config().max_head_bytes) {}

PooledExchange::~PooledExchange() { close(); }

void PooledExchange::close() {
  const bool cuts_request = lease_.connected() && !request_whole_;
  if (cuts_request) lease_.connection().reset();
  lease_.release();
}

// From here on nothing but the error comes.
Error PooledExchange::failed(Error error) {
  if (phase_ != Phase::kFailed) pool_->figures().failures.fetch_add(1, std::memory_order_relaxed);
  phase_ = Phase::kFailed;
  takes_body_ = false;
  close();
  error_ = error;
  return error;
}

// ---- the request

io::Task<Result<void>> PooledExchange::start() {
  used_before_ = lease_.connected();
  if (used_before_) {
    auto sent = co_await send_head();
    if (sent) co_return ok();
    // A head that did not get away whole is no request, whatever its method.
    if (sent.error().code != ErrorCode::kClosed) {
      co_return fail(failed(std::move(sent).error()));
    }
  }
  co_return co_await connect_and_send();
}

io::Task<Result<void>> PooledExchange::connect_and_send() {
  used_before_ = ended_ = false;
  auto connected = co_await lease_.connect(connect_timeout_);
  if (!connected) co_return fail(failed(std::move(connected).error()));
  auto sent = co_await send_head();
  if (!sent) co_return fail(failed(std::move(sent).error()));
  co_return sent;
}

io::Task<Result<void>> PooledExchange::send_head() {
  lease_.connection().begin_transfer();
  Pieces pieces;
  pieces.add(as_bytes(head_text_));
  auto sent = co_await lease_.connection().write(pieces, false);
  if (!sent) co_return fail(std::move(sent).error());
  request_sent();
  if (!takes_body_) request_whole_ = true;
  co_return ok();
}

void PooledExchange::request_sent() { head_deadline_ms_ = monotonic_ms() + head_timeout_.count(); }

Result<void> PooledExchange::check_length(std::size_t piece_bytes) const {
  if (chunked_request_ || piece_bytes <= request_left_) return ok();
  return fail(ErrorCode::kInvalidArgument, "net", "a request's body is longer than was told");
}

// Sends it all, but for what the server does not want.
io::Task<Result<void>> PooledExchange::flush(Pieces& pieces) {
  UpstreamConnection& connection = lease_.connection();
  take_early_answer();
  while (takes_body_) {
    const bool watch = !ended_ && end_ < buffer_.size();
    auto wrote = co_await connection.write(pieces, watch);
    if (wrote && wrote.value() == UpstreamConnection::Wrote::kAll) break;
    take_early_answer();
    if (wrote) continue;
    const bool may_have_answered = wrote.error().code == ErrorCode::kClosed || end_ > start_;
    if (!may_have_answered) co_return fail(failed(std::move(wrote).error()));
    takes_body_ = false;
    write_error_ = std::move(wrote).error();
  }
  request_sent();
  co_return ok();
}

// A server may answer before it has read the body: what it says is taken in while it can be, as a
// reset would end that.
void PooledExchange::take_early_answer() {
  if (ended_ || phase_ != Phase::kHead) return;
  if (buffer_.empty()) buffer_.resize(kFirstBufferBytes);
  while (end_ < buffer_.size()) {
    const ssize_t count = lease_.connection().read_now(MutableByteView(buffer_).subspan(end_));
    if (count == 0) ended_ = true;
    if (count <= 0) break;
    end_ += static_cast<std::size_t>(count);
  }
  if (ended_ || is_refused_early()) takes_body_ = false;
}

// Whether what has come holds a final answer that means that the body is not wanted (RFC 9112
// section 9.5); behind a 2xx it may be wanted still.
bool PooledExchange::is_refused_early() const {
  constexpr std::size_t kUpToStatus = 12;
  constexpr std::size_t kStatusAt = 9;
  std::string_view text = as_text(pending());
  while (text.size() >= kUpToStatus) {
    const char kind = text[kStatusAt];
    if (kind != '1') return kind != '2';
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 4);
  }
  return false;
}

io::Task<Result<void>> PooledExchange::write_body(ByteView piece) {
  if (error_) co_return fail(*error_);
  if (!takes_body_ || piece.empty()) co_return ok();
  if (auto fits = check_length(piece.size()); !fits) {
    co_return fail(failed(std::move(fits).error()));
  }
  const ChunkSize size(piece.size());
  Pieces pieces;
  if (chunked_request_) pieces.add(size.view());
  pieces.add(piece);
  if (chunked_request_) pieces.add(as_bytes("\r\n"));
  if (!chunked_request_) request_left_ -= piece.size();
  co_return co_await flush(pieces);
}

io::Task<Result<void>> PooledExchange::end_body() {
  if (error_) co_return fail(*error_);
  if (!takes_body_) co_return ok();
  if (!chunked_request_ && request_left_ > 0) {
    co_return fail(failed(make_error(ErrorCode::kInvalidArgument, "net",
                                     "a request's body is shorter than was told")));
  }
  if (chunked_request_) {
    Pieces pieces;
    pieces.add(as_bytes("0\r\n\r\n"));
    FARM_CO_TRY(co_await flush(pieces));
  }
  request_whole_ = takes_body_;
  takes_body_ = false;
  co_return ok();
}

// ---- the answer

bool PooledExchange::may_send_again(const Error& error) const {
  return used_before_ && repeatable_ && end_ == 0 && interim_ == 0 &&
         error.code == ErrorCode::kClosed;
}

io::Task<Result<UpstreamHead>> PooledExchange::read_head() {
  if (error_) co_return fail(*error_);
  if (phase_ != Phase::kHead) {
    co_return fail(ErrorCode::kInternal, "net", "the head of the answer was read already");
  }
  if (interim_ > 0) {
    start_ += parser_.head_bytes();
    parser_.reset();
  }
  // An answer may be waited for before the body is written: for 100 Continue.
  if (!request_whole_) request_sent();
  for (;;) {
    auto received = co_await receive_head();
    if (received) co_return head_read();
    if (!may_send_again(received.error())) {
      if (write_error_ && end_ == start_) co_return fail(failed(*write_error_));
      co_return fail(failed(std::move(received).error()));
    }
    FARM_CO_TRY(co_await connect_and_send());
  }
}

// Until parser_ has a whole head.
io::Task<Result<void>> PooledExchange::receive_head() {
  for (;;) {
    const auto state =
        end_ > start_ ? parser_.parse(pending()) : ResponseParser::State::kIncomplete;
    if (state == ResponseParser::State::kComplete) co_return ok();
    if (state != ResponseParser::State::kIncomplete) {
      const bool large = state == ResponseParser::State::kTooLarge;
      co_return fail(large ? ErrorCode::kTooLarge : ErrorCode::kCorrupt, "net",
                     lease_.connection().peer() + ": " + std::string(parser_.problem()));
    }
    if (ended_) {
      co_return fail(ErrorCode::kClosed, "net",
                     lease_.connection().peer() + " closed the connection without an answer");
    }
    // The parser keeps no views of an incomplete head, so that it may move.
    if (start_ > 0) {
      std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(start_),
                buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
      end_ -= start_;
      start_ = 0;
    }
    if (end_ == buffer_.size()) {
      buffer_.resize(std::max<std::size_t>(kFirstBufferBytes, 2 * buffer_.size()));
    }
    const MutableByteView room = MutableByteView(buffer_).subspan(end_);
    auto count = co_await lease_.connection().read_by(room, head_deadline_ms_);
    if (!count) co_return fail(std::move(count).error());
    ended_ = count.value() == 0;
    end_ += count.value();
  }
}

Result<UpstreamHead> PooledExchange::head_read() {
  const ResponseView& head = parser_.head();
  UpstreamHead out{head.status, head.minor_version, head.reason, head.headers, std::nullopt};
  if (head.interim()) {
    if (++interim_ > kMaxInterim) {
      return fail(failed(make_error(ErrorCode::kCorrupt, "net",
                                    lease_.connection().peer() + ": answers without an end")));
    }
    out.body_bytes = 0;
    return out;
  }
  start_ += parser_.head_bytes();
  phase_ = Phase::kBody;
  takes_body_ = false;
  lease_.connection().begin_transfer();
  if (!head.has_body(to_head_)) {
    framing_ = Framing::kSized;
  } else if (head.chunked) {
    framing_ = Framing::kChunked;
  } else if (head.content_length) {
    framing_ = Framing::kSized;
    body_left_ = *head.content_length;
  } else {
    framing_ = Framing::kToTheEnd;
  }
  if (framing_ == Framing::kSized) {
    out.body_bytes = body_left_;
    if (body_left_ == 0) answer_read();
  }
  return out;
}

io::Task<Result<std::size_t>> PooledExchange::read_body(MutableByteView into) {
  if (error_) co_return fail(*error_);
  if (phase_ == Phase::kDone) co_return std::size_t{0};
  if (phase_ == Phase::kHead) {
    co_return fail(ErrorCode::kInternal, "net", "the answer's head comes before its body");
  }
  if (framing_ == Framing::kSized) {
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), body_left_)));
  }
  for (;;) {
    std::size_t count = take_buffered(into);
    if (count == 0 && !ended_) {
      auto got = co_await lease_.connection().read(into);
      if (!got) co_return fail(failed(std::move(got).error()));
      count = got.value();
    }
    auto taken = take(into, count);
    if (!taken || taken.value() > 0 || phase_ == Phase::kDone) co_return taken;
  }
}

// What came with the head.
std::size_t PooledExchange::take_buffered(MutableByteView into) {
  const std::size_t count = std::min(into.size(), end_ - start_);
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(start_), count, into.begin());
  start_ += count;
  return count;
}

// Makes of `count` raw bytes in `into` (0: the server has ended) those of the body.
Result<std::size_t> PooledExchange::take(MutableByteView into, std::size_t count) {
  if (count == 0) {
    ended_ = true;
    if (framing_ == Framing::kToTheEnd) {
      answer_read();
      return std::size_t{0};
    }
    return fail(failed(make_error(ErrorCode::kClosed, "net",
                                  lease_.connection().peer() + " cut its answer short")));
  }
  if (framing_ == Framing::kSized) {
    body_left_ -= count;
    if (body_left_ == 0) answer_read();
  }
  if (framing_ != Framing::kChunked) return count;
  const std::size_t produced = chunks_.decode(into.first(count));
  if (chunks_.corrupt()) {
    return fail(failed(make_error(
        ErrorCode::kCorrupt, "net",
        lease_.connection().peer() + ": a chunked body that does not follow HTTP's grammar")));
  }
  if (chunks_.done()) {
    if (chunks_.left_over() > 0) ended_ = true;  // nobody knows what it is: no further request
    answer_read();
  }
  return produced;
}

void PooledExchange::answer_read() {
  phase_ = Phase::kDone;
  const bool reusable = request_whole_ && parser_.head().keep_alive && !ended_ && start_ == end_ &&
                        framing_ != Framing::kToTheEnd;
  if (reusable) {
    lease_.give_back();
  } else {
    close();
  }
}

}  // namespace farm::net
