#include "net/connection.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include <boost/asio/post.hpp>

#include "net/problem.h"
#include "obs/log.h"

namespace farm::net {
namespace {

constexpr std::size_t kFirstBufferBytes = 2 << 10;
constexpr unsigned kMostAnswersInARow = 64;      // of a client that does not wait for them
constexpr std::size_t kDrainBytes = 256 << 10;   // of an unread body, to keep the connection
constexpr std::int64_t kLingerMs = 2'000;        // without a byte
constexpr std::int64_t kLingerTotalMs = 10'000;  // in all

std::int64_t to_ms(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// Some clients send an empty line after a body: no request begins with that alone.
bool is_blank(ByteView bytes) { return std::string_view("\r\n").starts_with(as_text(bytes)); }

}  // namespace

// The connection was counted when it was accepted.
Connection::Connection(NetThread& thread, ServerShared& shared, Fd socket)
    : thread_(thread),
      shared_(shared),
      socket_(thread.poller(), std::move(socket)),
      parser_(shared.config.max_head_bytes),
      buffer_(kFirstBufferBytes),
      wait_deadline_ms_(monotonic_ms() + shared.config.idle_timeout.count()) {
  thread_.supervise(*this);
}

Connection::~Connection() { shared_.connections.fetch_sub(1, std::memory_order_relaxed); }

io::Task<void> Connection::run(std::unique_ptr<Connection> self) {
  Connection& connection = *self;
  connection.serves();
  while (connection.next_ != Next::kEnd) {
    if (connection.next_ == Next::kRead) {
      const bool ready = co_await connection.socket_.readable(&connection);
      if (ready && connection.next_ == Next::kRead) connection.serves();
      if (!ready) co_await connection.give_up_waiting();
    } else if (connection.next_ == Next::kPause) {
      co_await boost::asio::post(connection.thread_.context(), io::use_task);
      connection.serves();
    } else if (connection.next_ == Next::kReject) {
      co_await connection.reject(connection.parser_.rejection());
      connection.next_ = Next::kEnd;
    } else {
      co_await connection.handle();
      if (connection.prepare_next_request(monotonic_ms())) connection.serves();
    }
  }
  if (!connection.broken_) co_await connection.linger();
}

void Connection::check(std::int64_t now_ms, bool stopping) {
  if (stopping) close_ = true;
  if (now_ms < deadline_ms_ && !(stopping && idle_)) return;
  expired_ = true;
  socket_.cancel();  // again in the next round if there was no wait to end
}

// Serves what it can without a wait, and sets next_.
bool Connection::serves() {
  try {
    go_on();
  } catch (const std::exception& error) {
    obs::log_error("a connection cannot go on", {{"what", error.what()}});
    broken_ = true;
    next_ = Next::kEnd;
  }
  return next_ == Next::kRead;
}

void Connection::go_on() {
  next_ = Next::kRead;
  unsigned answers = 0;
  for (;;) {
    while (end_ > start_) {
      const bool answered = take_request();
      if (next_ != Next::kRead) return;
      if (!answered) break;
      if (++answers == kMostAnswersInARow) {
        next_ = Next::kPause;
        return;
      }
    }
    if (idle_ && close_) break;
    make_room();
    arm(wait_deadline_ms_);
    const auto count = socket_.try_read(MutableByteView(buffer_).subspan(end_));
    if (!count) return;
    if (*count == 0) break;
    end_ += *count;
  }
  next_ = Next::kEnd;
}

// With what has come: whether a request was answered, and more can be looked for. Else its rest is
// waited for, or next_ says what is to be done.
bool Connection::take_request() {
  bool head_begins = false;
  if (idle_ && !is_blank(pending())) {
    idle_ = false;
    started_ = Steady::now();
    head_begins = true;
  }
  const auto state = parser_.parse_head(pending());
  if (state == RequestParser::HeadState::kIncomplete) {
    if (head_begins) wait_deadline_ms_ = monotonic_ms() + shared_.config.head_timeout.count();
    return false;
  }
  if (state == RequestParser::HeadState::kRejected) {
    next_ = Next::kReject;
    return false;
  }
  deadline_ms_ = kNever;
  start_ += parser_.head_bytes();
  body_done_ = !parser_.head().has_body();
  if (!parser_.head().keep_alive) close_ = true;
  next_ = Next::kHandle;
  const bool answered = answer_at_once();
  // Here, and not in the depth of what answers: a system call makes the processor forget where the
  // calls around it return to, and it guesses wrong at each return.
  if (!unsent_.empty()) send_unsent();
  if (!answered || !unsent_.empty()) return false;
  const Steady::time_point now = Steady::now();
  record(now);
  return prepare_next_request(to_ms(now));
}

// For more of a head. The parser keeps no views of an incomplete one, so that it may move.
void Connection::make_room() {
  if (end_ < buffer_.size()) return;
  if (start_ > 0) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(start_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= start_;
    start_ = 0;
  } else {
    buffer_.resize(std::min<std::size_t>(2 * buffer_.size(), shared_.config.max_head_bytes));
  }
}

io::Task<void> Connection::give_up_waiting() {
  if (expired_ && !idle_) co_await reject({408, "the request's head took too long"});
  next_ = Next::kEnd;
}

io::Task<void> Connection::reject(Rejection why) {
  close_ = true;
  route_ = shared_.endpoints.all().size() + 1;
  (void)co_await send_problem(why.status, std::string(why.reason), {});
  shared_.stats->record(thread_.index(), route_, static_cast<unsigned>(why.status), body_sent_,
                        Steady::now() - started_);
}

EndpointTable::Match Connection::find_endpoint(Exchange& exchange) {
  const RequestHead& request = parser_.head();
  EndpointTable::Match match = shared_.endpoints.match(request.method, request.path);
  exchange.params_ = match.params;
  route_ = match.index;
  max_body_bytes_ = match.endpoint != nullptr ? match.endpoint->max_body_bytes : 0;
  return match;
}

bool Connection::answer_at_once() {
  Exchange exchange(*this);
  const Endpoint* const endpoint = find_endpoint(exchange).endpoint;
  if (endpoint == nullptr || !endpoint->at_once || !body_done_) return false;
  at_once_ = true;
  try {
    endpoint->at_once(exchange);
  } catch (const std::exception& error) {
    obs::log_error("a handler threw", {{"what", error.what()}});
  } catch (...) {
    obs::log_error("a handler threw");
  }
  at_once_ = false;
  return responded_ || broken_;
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

// What answer_at_once() could not, or not to its end.
io::Task<void> Connection::handle() {
  if (unsent_.empty()) {
    Exchange exchange(*this);
    const EndpointTable::Match match = find_endpoint(exchange);
    co_await dispatch_safely(exchange, match);
  }
  if (!unsent_.empty()) {
    const Result<void> sent = co_await send_rest();
    if (!sent) broken_ = true;
  }
  // A response that ends early must not be taken for a whole one, nor the next one for its rest.
  if (body_left_ > 0) broken_ = true;
  if (!responded_ && !broken_) {
    obs::log_error("a handler did not answer", {{"path", parser_.head().path}});
    close_ = true;
    (void)co_await send_problem(500, "this is a fault of the server; its log says more", {});
  }
  record(Steady::now());
  if (!body_done_ && !broken_) co_await finish_body();
}

void Connection::record(Steady::time_point now) {
  shared_.stats->record(thread_.index(), route_, static_cast<unsigned>(head_.status()), body_sent_,
                        now - started_);
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

// False: there is none, the connection ends.
bool Connection::prepare_next_request(std::int64_t now_ms) {
  next_ = close_ || broken_ ? Next::kEnd : Next::kRead;
  if (next_ == Next::kEnd) return false;
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
  wait_deadline_ms_ = now_ms + shared_.config.idle_timeout.count();
  return true;
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

}  // namespace farm::net
