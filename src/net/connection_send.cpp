// The sending half of a connection.
#include <array>
#include <cerrno>
#include <charconv>

#include "net/connection.h"
#include "net/problem.h"

namespace farm::net {
namespace {

constexpr std::size_t kMaxParts = 14;
static_assert(kMaxParts + 2 <= Pieces::kMost);

bool has_length(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

bool Connection::sends_body() const {
  return parser_.head().method != Method::kHead && has_length(head_.status());
}

// What a body's length, or the want of it, and the connection's fate add to a head.
Result<void> Connection::add_framing(std::optional<std::uint64_t> body_bytes) {
  const bool http_1_0 = parser_.head().minor_version == 0;
  const bool framed = !has_length(head_.status()) || body_bytes.has_value() || !http_1_0;
  if (thread_.stopping() || !framed || (!close_ && !can_skip_rest())) close_ = true;
  if (has_length(head_.status())) {
    if (body_bytes) head_.add("Content-Length", *body_bytes);
    chunked_ = !body_bytes && !http_1_0;
    if (chunked_) head_.add_lines("Transfer-Encoding: chunked\r\n");
  }
  if (close_) {
    head_.add("Connection", "close");
  } else if (http_1_0) {
    head_.add("Connection", "keep-alive");
  }
  head_.finish();
  if (head_.overflow())
    return fail(ErrorCode::kInternal, "net", "the response's head is too large");
  responded_ = true;
  return ok();
}

Result<void> Connection::finish_head(std::optional<std::uint64_t> body_bytes) {
  head_.add_lines(thread_.date_line());
  head_.add_lines(annotation_);
  return add_framing(body_bytes);
}

Result<void> Connection::finish_ready_head(const ReadyResponse& response,
                                           std::optional<std::uint64_t> body_bytes) {
  head_.start_lines(response.status);
  head_.add_lines(response.more);
  return add_framing(body_bytes);
}

Result<void> Connection::failed_to_send() {
  broken_ = true;
  if (!expired_)
    return fail(ErrorCode::kClosed, "net", "the client left before the response ended");
  socket_.reset();  // the kernel would keep what the client does not take
  return fail(ErrorCode::kTimeout, "net", "the client took the response too slowly");
}

// A body that could not be read was answered already, and its handler may try to answer again.
Result<void> Connection::may_respond() {
  if (broken_) return failed_to_send();
  if (responded_) return fail(ErrorCode::kClosed, "net", "the request has been answered already");
  return ok();
}

// The fast path is one system call and no wait.
io::Task<Result<void>> Connection::send(std::span<const ByteView> parts) {
  FARM_CO_TRY(may_respond());
  if (parts.size() > kMaxParts) co_return fail(ErrorCode::kInternal, "net", "too many parts");
  std::uint64_t total = 0;
  for (const ByteView part : parts) total += part.size();
  FARM_CO_TRY(finish_head(total));
  Pieces pieces;
  pieces.add(head_.text());
  if (sends_body()) {
    for (const ByteView part : parts) pieces.add(part);
    body_sent_ = total;
  }
  pieces.send(socket_.native_handle());
  if (pieces.empty()) co_return ok();
  patience_ms_ = shared_.config.transfer_grace.count();
  co_return co_await flush(pieces);
}

// Sends what is left, as fast as the client takes it.
io::Task<Result<void>> Connection::flush(Pieces& pieces) {
  while (!pieces.empty()) {
    const ssize_t sent = pieces.send(socket_.native_handle());
    if (sent >= 0) {
      regain_patience(static_cast<std::uint64_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return failed_to_send();
    begin_wait();
    const bool ready = co_await socket_.writable();
    end_wait();
    if (!ready || expired_) co_return failed_to_send();
  }
  co_return ok();
}

io::Task<Result<void>> Connection::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  Pieces pieces;
  pieces.add(kContinue);
  co_return co_await flush(pieces);
}

void Connection::send_now(ByteView body) {
  if (!may_respond() || !finish_head(body.size())) {
    broken_ = true;
    return;
  }
  Pieces pieces;
  pieces.add(head_.text());
  if (sends_body()) {
    pieces.add(body);
    body_sent_ = body.size();
  }
  send_at_once(pieces);
  if (pieces.empty() || broken_) return;
  broken_ = true;  // for as long as there may be no memory for the rest
  unsent_.copy = pieces.copy();
  unsent_.pieces.add(unsent_.copy);
  broken_ = false;
}

void Connection::send_ready(const ReadyResponse& response, Keep keep) {
  if (!may_respond() || !finish_ready_head(response, response.body.size())) {
    broken_ = true;
    return;
  }
  Pieces& pieces = unsent_.pieces;
  pieces.add(response.status_line);
  pieces.add(response.head);
  pieces.add(head_.text());
  if (sends_body()) {
    pieces.add(response.body);
    body_sent_ = response.body.size();
  }
  unsent_.keep = std::move(keep);
  if (!at_once_) send_unsent();
}

io::Task<Result<void>> Connection::send_rest() {
  patience_ms_ = shared_.config.transfer_grace.count();
  Result<void> sent = co_await flush(unsent_.pieces);
  unsent_.clear();
  co_return sent;
}

io::Task<Result<void>> Connection::send_one(ByteView body) {
  only_part_ = body;
  return send({&only_part_, 1});
}

io::Task<Result<void>> Connection::begin(std::uint64_t length) {
  FARM_CO_TRY(may_respond());
  FARM_CO_TRY(finish_head(length));
  co_return co_await begin_body({}, {}, length);
}

io::Task<Result<void>> Connection::begin_ready(const ReadyResponse& response,
                                               std::optional<std::uint64_t> length) {
  FARM_CO_TRY(may_respond());
  FARM_CO_TRY(finish_ready_head(response, length));
  co_return co_await begin_body(response.status_line, response.head, length);
}

io::Task<Result<void>> Connection::begin_body(std::string_view status_line,
                                              std::string_view ready_head,
                                              std::optional<std::uint64_t> length) {
  body_left_ = sends_body() ? length.value_or(kUnknownLength) : 0;
  patience_ms_ = shared_.config.transfer_grace.count();
  Pieces pieces;
  pieces.add(status_line);
  pieces.add(ready_head);
  pieces.add(head_.text());
  co_return co_await flush(pieces);
}

io::Task<Result<void>> Connection::write(ByteView piece) {
  if (broken_) co_return failed_to_send();
  if ((responded_ && !sends_body()) || piece.empty()) co_return ok();
  if (piece.size() > body_left_) {
    broken_ = true;
    co_return fail(ErrorCode::kInternal, "net", "more was written than begin() announced");
  }
  if (body_left_ != kUnknownLength) body_left_ -= piece.size();
  body_sent_ += piece.size();
  if (chunked_) co_return co_await write_chunk(piece);
  Pieces pieces;
  pieces.add(piece);
  co_return co_await flush(pieces);
}

io::Task<Result<void>> Connection::write_chunk(ByteView piece) {
  std::array<char, 18> size;
  char* end = std::to_chars(size.data(), size.data() + 16, piece.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  Pieces pieces;
  pieces.add(std::string_view(size.data(), end));
  pieces.add(piece);
  pieces.add(std::string_view("\r\n"));
  co_return co_await flush(pieces);
}

io::Task<Result<void>> Connection::end() {
  if (broken_) co_return failed_to_send();
  if (body_left_ != kUnknownLength) co_return ok();
  body_left_ = 0;
  if (!chunked_) co_return ok();
  Pieces pieces;
  pieces.add(std::string_view("0\r\n\r\n"));
  co_return co_await flush(pieces);
}

io::Task<Result<void>> Connection::send_interim(int status, std::string_view lines) {
  FARM_CO_TRY(may_respond());
  if (parser_.head().minor_version == 0) co_return ok();
  ResponseHead head;
  head.start(status);
  head.add_lines(lines);
  head.finish();
  if (head.overflow()) co_return ok();  // nobody needs it
  patience_ms_ = shared_.config.transfer_grace.count();
  Pieces pieces;
  pieces.add(head.text());
  co_return co_await flush(pieces);
}

io::Task<Result<void>> Connection::send_problem(int status, std::string detail,
                                                std::string_view extra) {
  FARM_CO_TRY(may_respond());
  const std::string body = problem_json(status, detail);
  head_.start(status);
  head_.add("Content-Type", kProblemType);
  head_.add("Cache-Control", "no-store");
  head_.add("X-Content-Type-Options", "nosniff");
  head_.add_lines(extra);
  co_return co_await send_one(as_bytes(body));
}

}  // namespace farm::net
