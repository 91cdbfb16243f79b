// The sending half of a connection.
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include <boost/asio/redirect_error.hpp>

#include "net/connection.h"
#include "net/problem.h"

namespace farm::net {
namespace {

constexpr std::size_t kMaxParts = 14;

bool has_length(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

// What is still to be sent, as the kernel wants it.
class Connection::Pieces {
 public:
  void add(ByteView bytes) {
    if (bytes.empty()) return;
    pieces_[count_++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  }
  bool empty() const { return first_ == count_; }

  Bytes copy() const {
    Bytes out;
    for (std::size_t i = first_; i < count_; ++i) {
      const auto* data = static_cast<const std::byte*>(pieces_[i].iov_base);
      out.insert(out.end(), data, data + pieces_[i].iov_len);
    }
    return out;
  }

  // One sendmsg; negative as the system call is.
  ssize_t send(int socket) {
    msghdr message{};
    message.msg_iov = pieces_.data() + first_;
    message.msg_iovlen = count_ - first_;
    const ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) advance(static_cast<std::size_t>(sent));
    return sent;
  }

 private:
  void advance(std::size_t sent) {
    while (sent > 0) {
      iovec& piece = pieces_[first_];
      const std::size_t part = std::min(sent, piece.iov_len);
      piece.iov_base = static_cast<char*>(piece.iov_base) + part;
      piece.iov_len -= part;
      sent -= part;
      if (piece.iov_len == 0) ++first_;
    }
  }

  std::array<iovec, kMaxParts + 1> pieces_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

bool Connection::sends_body() const {
  return parser_.head().method != Method::kHead && has_length(head_.status());
}

Result<void> Connection::finish_head(std::uint64_t body_bytes) {
  if (thread_.stopping() || (!close_ && !can_skip_rest())) close_ = true;
  head_.add_lines(thread_.date_line());
  if (has_length(head_.status())) head_.add("Content-Length", body_bytes);
  if (close_) {
    head_.add("Connection", "close");
  } else if (parser_.head().minor_version == 0) {
    head_.add("Connection", "keep-alive");
  }
  head_.finish();
  if (head_.overflow())
    return fail(ErrorCode::kInternal, "net", "the response's head is too large");
  responded_ = true;
  return ok();
}

Result<void> Connection::failed_to_send() {
  broken_ = true;
  if (!expired_)
    return fail(ErrorCode::kClosed, "net", "the client left before the response ended");
  // Closing resets the connection: the kernel would keep what the client does not take.
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);  // not left to the destructor, which forgets the option
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
  pieces.add(as_bytes(head_.text()));
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
    boost::system::error_code error;
    co_await socket_.async_wait(Socket::wait_write,
                                boost::asio::redirect_error(io::use_task, error));
    end_wait();
    if (error || expired_) co_return failed_to_send();
  }
  co_return ok();
}

io::Task<Result<void>> Connection::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  Pieces pieces;
  pieces.add(as_bytes(kContinue));
  co_return co_await flush(pieces);
}

void Connection::send_now(ByteView body) {
  if (!may_respond() || !finish_head(body.size())) {
    broken_ = true;
    return;
  }
  Pieces pieces;
  pieces.add(as_bytes(head_.text()));
  if (sends_body()) {
    pieces.add(body);
    body_sent_ = body.size();
  }
  const ssize_t sent = pieces.send(socket_.native_handle());
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    broken_ = true;
  } else if (!pieces.empty()) {
    rest_ = pieces.copy();
  }
}

io::Task<Result<void>> Connection::send_rest() {
  const Bytes rest = std::move(rest_);
  rest_.clear();
  Pieces pieces;
  pieces.add(rest);
  patience_ms_ = shared_.config.transfer_grace.count();
  co_return co_await flush(pieces);
}

io::Task<Result<void>> Connection::send_one(ByteView body) {
  only_part_ = body;
  return send({&only_part_, 1});
}

io::Task<Result<void>> Connection::begin(std::uint64_t length) {
  FARM_CO_TRY(may_respond());
  FARM_CO_TRY(finish_head(length));
  body_left_ = sends_body() ? length : 0;
  patience_ms_ = shared_.config.transfer_grace.count();
  Pieces pieces;
  pieces.add(as_bytes(head_.text()));
  co_return co_await flush(pieces);
}

io::Task<Result<void>> Connection::write(ByteView piece) {
  if (broken_) co_return failed_to_send();
  if (responded_ && !sends_body()) co_return ok();
  if (piece.size() > body_left_) {
    broken_ = true;
    co_return fail(ErrorCode::kInternal, "net", "more was written than begin() announced");
  }
  body_left_ -= piece.size();
  body_sent_ += piece.size();
  Pieces pieces;
  pieces.add(piece);
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
