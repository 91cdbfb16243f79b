#include "net/connection.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include "net/problem.h"
#include "obs/log.h"

namespace farm::net {
namespace {

constexpr std::size_t kFirstBufferBytes = 2 << 10;
constexpr std::size_t kDrainBytes = 256 << 10;   // of an unread body, to keep the connection
constexpr std::int64_t kLingerMs = 2'000;        // without a byte
constexpr std::int64_t kLingerTotalMs = 10'000;  // in all

// Some clients send an empty line after a body: no request begins with that alone.
bool is_blank(ByteView bytes) { return std::string_view("\r\n").starts_with(as_text(bytes)); }

}  // namespace

// The connection was counted when it was accepted.
Connection::Connection(NetThread& thread, ServerShared& shared, Fd socket)
    : thread_(thread),
      shared_(shared),
      socket_(thread.poller(), std::move(socket)),
      parser_(shared.config.max_head_bytes),
      buffer_(kFirstBufferBytes) {
  thread_.supervise(*this);
}

Connection::~Connection() { shared_.connections.fetch_sub(1, std::memory_order_relaxed); }

io::Task<void> Connection::run(std::unique_ptr<Connection> self) {
  Connection& connection = *self;
  for (;;) {
    const bool another = co_await connection.read_head();
    if (!another) break;
    co_await connection.handle();
    if (connection.close_ || connection.broken_) break;
    connection.next_request();
  }
  if (!connection.broken_) co_await connection.linger();
}

void Connection::check(std::int64_t now_ms, bool stopping) {
  if (stopping) close_ = true;
  if (now_ms < deadline_ms_ && !(stopping && idle_)) return;
  expired_ = true;
  socket_.cancel();  // again in the next round if there was no wait to end
}

io::Task<bool> Connection::read_head() {
  const std::int64_t idle_deadline_ms = monotonic_ms() + shared_.config.idle_timeout.count();
  std::int64_t head_deadline_ms = kNever;
  for (;;) {
    if (end_ > start_) {
      if (idle_ && !is_blank(pending())) {
        idle_ = false;
        started_ = Steady::now();
        head_deadline_ms = monotonic_ms() + shared_.config.head_timeout.count();
      }
      const auto state = parser_.parse_head(pending());
      if (state == RequestParser::HeadState::kComplete) break;
      if (state == RequestParser::HeadState::kRejected) {
        co_await reject(parser_.rejection());
        co_return false;
      }
    }
    if (idle_ && close_) co_return false;
    if (end_ == buffer_.size()) {
      // The parser keeps no views of an incomplete head, so that it may move.
      if (start_ > 0) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(start_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= start_;
        start_ = 0;
      } else {
        buffer_.resize(std::min<std::size_t>(2 * buffer_.size(), shared_.config.max_head_bytes));
      }
    }
    arm(idle_ ? idle_deadline_ms : head_deadline_ms);
    // As receive() does, but without a coroutine of its own: this is every request's way.
    const MutableByteView room = MutableByteView(buffer_).subspan(end_);
    std::optional<std::size_t> count = socket_.try_read(room);
    while (!count) {
      const bool ready = co_await socket_.readable();
      count = ready ? socket_.try_read(room) : 0;
    }
    if (*count == 0) {
      if (expired_ && !idle_) co_await reject({408, "the request's head took too long"});
      co_return false;
    }
    end_ += *count;
  }
  deadline_ms_ = kNever;
  start_ += parser_.head_bytes();
  body_done_ = !parser_.head().has_body();
  if (!parser_.head().keep_alive) close_ = true;
  co_return true;
}

io::Task<void> Connection::reject(Rejection why) {
  close_ = true;
  route_ = shared_.endpoints.all().size() + 1;
  (void)co_await send_problem(why.status, std::string(why.reason), {});
  shared_.stats->record(thread_.index(), route_, static_cast<unsigned>(why.status), body_sent_,
                        Steady::now() - started_);
}

bool Connection::answer_at_once(Exchange& exchange, const EndpointTable::Match& match) {
  if (match.endpoint == nullptr || !match.endpoint->at_once || !body_done_) return false;
  try {
    return match.endpoint->at_once(exchange);
  } catch (const std::exception& error) {
    obs::log_error("a handler threw", {{"what", error.what()}});
    return responded_;
  }
}

io::Task<void> Connection::dispatch_safely(Exchange& exchange, EndpointTable::Match match) {
  try {
    co_await dispatch(exchange, match);
  } catch (const std::exception& error) {
    obs::log_error("a handler threw", {{"what", error.what()}});
  } catch (...) {
    obs::log_error("a handler threw");
  }
}

io::Task<void> Connection::handle() {
  const RequestHead& request = parser_.head();
  Exchange exchange(*this);
  const EndpointTable::Match match = shared_.endpoints.match(request.method, request.path);
  exchange.params_ = match.params;
  route_ = match.index;
  max_body_bytes_ = match.endpoint != nullptr ? match.endpoint->max_body_bytes : 0;
  const bool answered = answer_at_once(exchange, match);
  if (!answered) co_await dispatch_safely(exchange, match);
  if (rest_) {
    const Result<void> sent = co_await send_rest();
    if (!sent) broken_ = true;
  }
  // A response that ends early must not be taken for a whole one, nor the next one for its rest.
  if (body_left_ > 0) broken_ = true;
  if (!responded_ && !broken_) {
    obs::log_error("a handler did not answer", {{"path", request.path}});
    close_ = true;
    (void)co_await send_problem(500, "this is a fault of the server; its log says more", {});
  }
  shared_.stats->record(thread_.index(), route_, static_cast<unsigned>(head_.status()), body_sent_,
                        Steady::now() - started_);
  if (!body_done_ && !broken_) co_await finish_body();
}

io::Task<void> Connection::dispatch(Exchange& exchange, EndpointTable::Match match) {
  const RequestHead& request = parser_.head();
  if (match.endpoint == nullptr) {
    const std::string allow = "Allow: " + shared_.endpoints.allowed(request.path) + "\r\n";
    (void)co_await send_problem(405, "this path does not take this method", allow);
  } else if (match.endpoint != &shared_.endpoints.fallback() &&
             request.content_length.value_or(0) > max_body_bytes_) {
    (void)co_await send_problem(
        413, "the body is larger than the " + std::to_string(max_body_bytes_) + " bytes taken here",
        {});
  } else {
    co_await match.endpoint->handle(exchange);
  }
}

// Whether what nobody read of the body is short enough to be taken in, to keep the connection.
bool Connection::can_skip_rest() const {
  if (body_done_) return true;
  const RequestHead& request = parser_.head();
  const bool may_never_come = request.expects_continue && !body_begun_;
  if (may_never_come) return false;
  return request.chunked || request.content_length.value_or(0) - body_read_ <= kDrainBytes;
}

io::Task<void> Connection::finish_body() {
  if (close_ || !can_skip_rest()) {
    close_ = true;
    co_return;
  }
  max_body_bytes_ = body_read_ + kDrainBytes;
  Bytes scratch(16 << 10);
  while (!body_done_ && !close_) {
    const auto count = co_await read_body(scratch);
    if (!count) close_ = true;
  }
}

void Connection::next_request() {
  if (chunk_end_ > chunk_start_) {
    // What followed a chunked body is the next request.
    const std::size_t count = chunk_end_ - chunk_start_;
    if (buffer_.size() < count) buffer_.resize(count);
    std::memcpy(buffer_.data(), chunk_buffer_.data() + chunk_start_, count);
    start_ = 0;
    end_ = count;
  }
  chunk_buffer_ = {};
  chunk_start_ = chunk_end_ = 0;
  if (start_ == end_) {
    start_ = end_ = 0;
    if (buffer_.size() > kFirstBufferBytes) {
      buffer_.resize(kFirstBufferBytes);
      buffer_.shrink_to_fit();
    }
  }
  parser_.reset();
  head_.clear();
  if (!annotation_.empty()) annotation_.clear();
  chunked_ = false;
  idle_ = true;
  body_read_ = body_sent_ = 0;
  body_begun_ = body_done_ = responded_ = false;
}

// Closing while bytes arrive would make the kernel reset the connection and the client lose the
// answer: end our side, take what comes for a while, then close (RFC 9112 section 9.6).
io::Task<void> Connection::linger() {
  if (idle_) co_return;  // nothing has come since the last answer was taken
  socket_.shut_down_sending();
  const std::int64_t end_ms = monotonic_ms() + kLingerTotalMs;
  Bytes scratch(16 << 10);
  for (std::int64_t now_ms = monotonic_ms(); now_ms < end_ms; now_ms = monotonic_ms()) {
    arm(std::min(now_ms + kLingerMs, end_ms));
    const std::size_t count = co_await receive(scratch);
    if (count == 0) break;
  }
}

// Forgets an expiry that came too late to stop what it was for.
void Connection::arm(std::int64_t deadline_ms) {
  expired_ = false;
  deadline_ms_ = deadline_ms;
}

void Connection::begin_wait() {
  wait_began_ms_ = monotonic_ms();
  arm(wait_began_ms_ + patience_ms_);
}

void Connection::end_wait() {
  patience_ms_ -= monotonic_ms() - wait_began_ms_;
  deadline_ms_ = kNever;
}

void Connection::regain_patience(std::uint64_t moved_bytes) {
  const Config& config = shared_.config;
  patience_ms_ =
      std::min(config.transfer_grace.count(),
               patience_ms_ + static_cast<std::int64_t>(moved_bytes * 1000 / config.min_rate));
}

io::Task<std::size_t> Connection::receive(MutableByteView into) {
  std::optional<std::size_t> count = socket_.try_read(into);
  while (!count) {
    const bool ready = co_await socket_.readable();
    count = ready ? socket_.try_read(into) : 0;
  }
  co_return *count;
}

io::Task<std::size_t> Connection::receive_body(MutableByteView into) {
  begin_wait();
  const std::size_t count = co_await receive(into);
  end_wait();
  regain_patience(count);
  co_return count;
}

// Nothing more came of a body that has not ended.
io::Task<Result<std::size_t>> Connection::body_stopped() {
  if (expired_)
    co_return co_await body_failed({408, "the body came too slowly"}, ErrorCode::kTimeout);
  broken_ = true;
  co_return fail(ErrorCode::kClosed, "net", "the client left before its body ended");
}

// Answers while that is possible, and ends the connection.
io::Task<Result<std::size_t>> Connection::body_failed(Rejection why, ErrorCode code) {
  close_ = true;
  if (!responded_) (void)co_await send_problem(why.status, std::string(why.reason), {});
  co_return fail(code, "net", std::string(why.reason));
}

io::Task<Result<std::size_t>> Connection::read_body(MutableByteView into) {
  if (body_done_) co_return std::size_t{0};
  if (broken_) co_return fail(ErrorCode::kClosed, "net", "the client has left");
  if (!body_begun_) {
    body_begun_ = true;
    patience_ms_ = shared_.config.transfer_grace.count();
    if (parser_.head().expects_continue && pending().empty()) {
      FARM_CO_TRY(co_await send_continue());
    }
  }
  if (parser_.head().chunked) co_return co_await read_chunked(into);
  co_return co_await read_sized(into);
}

io::Task<Result<std::size_t>> Connection::read_sized(MutableByteView into) {
  const std::uint64_t rest = *parser_.head().content_length - body_read_;
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), rest)));
  std::size_t count = std::min(into.size(), pending().size());
  if (count > 0) {
    std::memcpy(into.data(), pending().data(), count);
    start_ += count;
  } else {
    count = co_await receive_body(into);
    if (count == 0) co_return co_await body_stopped();
  }
  body_read_ += count;
  body_done_ = body_read_ == *parser_.head().content_length;
  co_return count;
}

io::Task<Result<std::size_t>> Connection::read_chunked(MutableByteView into) {
  if (chunk_buffer_.empty()) {
    chunk_buffer_.resize(std::max<std::size_t>(shared_.config.max_head_bytes, buffer_.size()));
    std::memcpy(chunk_buffer_.data(), pending().data(), pending().size());
    chunk_end_ = pending().size();
    start_ = end_;
  }
  for (;;) {
    const ByteView raw = ByteView(chunk_buffer_).subspan(chunk_start_, chunk_end_ - chunk_start_);
    const RequestParser::BodyStep step = parser_.decode_chunked(raw, into);
    chunk_start_ += step.consumed;
    body_read_ += step.produced;
    body_done_ = step.done;
    if (step.rejected)
      co_return co_await body_failed(parser_.rejection(), ErrorCode::kUnprocessable);
    if (body_read_ > max_body_bytes_) {
      co_return co_await body_failed({413, "the body is larger than is taken here"},
                                     ErrorCode::kTooLarge);
    }
    if (step.produced > 0 || step.done) co_return step.produced;
    std::copy(chunk_buffer_.begin() + static_cast<std::ptrdiff_t>(chunk_start_),
              chunk_buffer_.begin() + static_cast<std::ptrdiff_t>(chunk_end_),
              chunk_buffer_.begin());
    chunk_end_ -= chunk_start_;
    chunk_start_ = 0;
    if (chunk_end_ == chunk_buffer_.size()) {
      co_return co_await body_failed({400, "a chunk's head is too long"},
                                     ErrorCode::kUnprocessable);
    }
    const std::size_t count =
        co_await receive_body(MutableByteView(chunk_buffer_).subspan(chunk_end_));
    if (count == 0) co_return co_await body_stopped();
    chunk_end_ += count;
  }
}

}  // namespace farm::net
