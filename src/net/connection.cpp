#include "net/connection.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include <boost/asio/redirect_error.hpp>

#include "net/problem.h"
#include "obs/log.h"

namespace farm::net {
namespace {

constexpr std::size_t kFirstBufferBytes = 4 << 10;
constexpr std::size_t kDrainBytes = 256 << 10;  // of an unread body, to keep the connection
constexpr std::int64_t kLingerMs = 2'000;

}  // namespace

Connection::Connection(NetThread& thread, ServerShared& shared, boost::asio::ip::tcp::socket socket)
    : thread_(thread),
      shared_(shared),
      socket_(std::move(socket)),
      parser_(shared.config.max_head_bytes),
      buffer_(kFirstBufferBytes) {
  shared_.connections.fetch_add(1, std::memory_order_relaxed);
  thread_.supervise(*this);
}

Connection::~Connection() { shared_.connections.fetch_sub(1, std::memory_order_relaxed); }

io::Task<void> Connection::run(std::unique_ptr<Connection> self) {
  while (co_await self->read_head()) {
    co_await self->handle();
    if (self->close_ || self->broken_) break;
    self->next_request();
  }
  if (!self->broken_) co_await self->linger();
}

void Connection::check(std::int64_t now_ms, bool stopping) {
  if (stopping) close_ = true;
  if (expired_ || (now_ms < deadline_ms_ && !(stopping && idle_))) return;
  expired_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

io::Task<bool> Connection::read_head() {
  const std::int64_t idle_deadline_ms = monotonic_ms() + shared_.config.idle_timeout.count();
  std::int64_t head_deadline_ms = kNever;
  for (;;) {
    if (end_ > start_) {
      if (idle_) {
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
    deadline_ms_ = std::min(idle_ ? idle_deadline_ms : head_deadline_ms, kNever);
    const std::size_t count = co_await receive(MutableByteView(buffer_).subspan(end_));
    if (count == 0) {
      if (expired_ && !idle_) co_await reject({408, "the request's head took too long"});
      co_return false;
    }
    end_ += count;
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

io::Task<void> Connection::handle() {
  const RequestHead& request = parser_.head();
  Exchange exchange(*this);
  const EndpointTable::Match match = shared_.endpoints.match(request.method, request.path);
  exchange.params_ = match.params;
  route_ = match.endpoint != nullptr ? match.index : shared_.endpoints.all().size();
  max_body_bytes_ = match.endpoint != nullptr ? match.endpoint->max_body_bytes : 0;
  try {
    co_await dispatch(exchange, match);
  } catch (const std::exception& error) {
    obs::log_error("a handler threw", {{"path", request.path}, {"what", error.what()}});
  }
  if (!responded_ && !broken_) {
    close_ = true;
    (void)co_await send_problem(500, "this is a fault of the server; its log says more", {});
  }
  shared_.stats->record(thread_.index(), route_, static_cast<unsigned>(head_.status()), body_sent_,
                        Steady::now() - started_);
  if (!body_done_ && !broken_) co_await finish_body();
}

io::Task<void> Connection::dispatch(Exchange& exchange, EndpointTable::Match match) {
  const RequestHead& request = parser_.head();
  if (request.content_length.value_or(0) > max_body_bytes_) {
    (void)co_await send_problem(
        413, "the body is larger than the " + std::to_string(max_body_bytes_) + " bytes taken here",
        {});
  } else if (match.endpoint != nullptr) {
    co_await match.endpoint->handle(exchange);
  } else if (match.path_known) {
    const std::string allow = "Allow: " + shared_.endpoints.allowed(request.path) + "\r\n";
    (void)co_await send_problem(405, "this path does not take this method", allow);
  } else {
    co_await shared_.endpoints.not_found()(exchange);
  }
}

// A short rest of a body nobody read is skipped, so that the connection can go on.
io::Task<void> Connection::finish_body() {
  const RequestHead& request = parser_.head();
  const bool never_comes = request.expects_continue && !continue_sent_;
  const bool long_rest = request.content_length.value_or(0) - body_read_ > kDrainBytes;
  if (close_ || never_comes || long_rest) {
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
  idle_ = true;
  body_read_ = body_sent_ = 0;
  body_done_ = continue_sent_ = responded_ = false;
}

// Closing while bytes arrive would make the kernel reset the connection and the client lose the
// answer: end our side, take what comes for a while, then close (RFC 9112 section 9.6).
io::Task<void> Connection::linger() {
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  if (body_done_ && !expired_ && !responded_) co_return;
  expired_ = false;
  deadline_ms_ = monotonic_ms() + kLingerMs;
  Bytes scratch(16 << 10);
  for (std::size_t total = 0; total < (4U << 20);) {
    const std::size_t count = co_await receive(scratch);
    if (count == 0) break;
    total += count;
  }
}

io::Task<std::size_t> Connection::receive(MutableByteView into) {
  boost::system::error_code error;
  const std::size_t count = co_await socket_.async_read_some(
      boost::asio::buffer(into.data(), into.size()),
      boost::asio::redirect_error(boost::asio::use_awaitable, error));
  co_return error ? 0 : count;
}

void Connection::arm_transfer(std::uint64_t moved_bytes) {
  const Config& config = shared_.config;
  deadline_ms_ = transfer_start_ms_ + config.transfer_grace.count() +
                 static_cast<std::int64_t>(moved_bytes * 1000 / config.min_rate);
}

io::Task<Result<void>> Connection::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  continue_sent_ = true;
  co_return co_await write(as_bytes(kContinue));
}

// Answers while that is possible, and ends the connection.
io::Task<Result<std::size_t>> Connection::body_failed(Rejection why, ErrorCode code) {
  close_ = true;
  if (!responded_) (void)co_await send_problem(why.status, std::string(why.reason), {});
  co_return fail(code, "net", std::string(why.reason));
}

io::Task<Result<std::size_t>> Connection::read_body(MutableByteView into) {
  if (body_done_) co_return std::size_t{0};
  if (body_read_ == 0 && !continue_sent_) {
    transfer_start_ms_ = monotonic_ms();
    if (parser_.head().expects_continue && pending().empty()) {
      FARM_CO_TRY(co_await send_continue());
    }
  }
  co_return parser_.head().chunked ? co_await read_chunked(into) : co_await read_sized(into);
}

io::Task<Result<std::size_t>> Connection::read_sized(MutableByteView into) {
  const std::uint64_t rest = *parser_.head().content_length - body_read_;
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), rest)));
  std::size_t count = std::min(into.size(), pending().size());
  if (count > 0) {
    std::memcpy(into.data(), pending().data(), count);
    start_ += count;
  } else {
    arm_transfer(body_read_);
    count = co_await receive(into);
    deadline_ms_ = kNever;
    if (count == 0 && expired_) {
      co_return co_await body_failed({408, "the body came too slowly"}, ErrorCode::kTimeout);
    }
    if (count == 0) {
      broken_ = true;
      co_return fail(ErrorCode::kClosed, "net", "the client left before its body ended");
    }
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
    if (step.rejected) co_return co_await body_failed(parser_.rejection(), ErrorCode::kUnprocessable);
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
      co_return co_await body_failed({400, "a chunk's head is too long"}, ErrorCode::kUnprocessable);
    }
    arm_transfer(body_read_);
    const std::size_t count =
        co_await receive(MutableByteView(chunk_buffer_).subspan(chunk_end_));
    deadline_ms_ = kNever;
    if (count == 0 && expired_) {
      co_return co_await body_failed({408, "the body came too slowly"}, ErrorCode::kTimeout);
    }
    if (count == 0) {
      broken_ = true;
      co_return fail(ErrorCode::kClosed, "net", "the client left before its body ended");
    }
    chunk_end_ += count;
  }
}

}  // namespace farm::net
