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

// What is still to be sent, as the kernel wants it.
class Pieces {
 public:
  void add(ByteView bytes) {
    if (bytes.empty()) return;
    pieces_[count_++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  }
  bool empty() const { return first_ == count_; }

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

  // One sendmsg; negative as the system call is.
  ssize_t send(int socket) {
    msghdr message{};
    message.msg_iov = pieces_.data() + first_;
    message.msg_iovlen = count_ - first_;
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

 private:
  std::array<iovec, kMaxParts + 1> pieces_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

bool has_length(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

void Connection::finish_head(std::uint64_t body_bytes) {
  responded_ = true;
  if (thread_.stopping()) close_ = true;
  head_.add_lines(thread_.date_line());
  if (has_length(head_.status())) head_.add("Content-Length", body_bytes);
  if (close_) {
    head_.add("Connection", "close");
  } else if (parser_.head().minor_version == 0) {
    head_.add("Connection", "keep-alive");
  }
  head_.finish();
}

Result<void> Connection::failed_to_send() {
  broken_ = true;
  if (expired_) return fail(ErrorCode::kTimeout, "net", "the client took the response too slowly");
  return fail(ErrorCode::kClosed, "net", "the client left before the response ended");
}

io::Task<Result<void>> Connection::send(std::span<const ByteView> parts) {
  if (broken_) co_return failed_to_send();
  std::uint64_t total = 0;
  for (const ByteView part : parts) total += part.size();
  finish_head(total);
  if (head_.overflow()) {
    broken_ = true;
    co_return fail(ErrorCode::kInternal, "net", "the response's head is too large");
  }
  Pieces pieces;
  pieces.add(as_bytes(head_.text()));
  if (parser_.head().method != Method::kHead) {
    for (const ByteView part : parts) pieces.add(part);
    body_sent_ = total;
  }
  std::uint64_t moved = 0;
  for (;;) {
    const ssize_t sent = pieces.send(socket_.native_handle());
    if (sent >= 0) {
      pieces.advance(static_cast<std::size_t>(sent));
      if (pieces.empty()) break;
      if (moved == 0) transfer_start_ms_ = monotonic_ms();
      moved += static_cast<std::uint64_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return failed_to_send();
    if (moved == 0) transfer_start_ms_ = monotonic_ms();
    arm_transfer(moved);
    boost::system::error_code error;
    co_await socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                                boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error || expired_) co_return failed_to_send();
  }
  deadline_ms_ = kNever;
  co_return ok();
}

io::Task<Result<void>> Connection::send_one(ByteView body) {
  const std::array<ByteView, 1> parts = {body};
  co_return co_await send(parts);
}

io::Task<Result<void>> Connection::begin(std::uint64_t length) {
  if (broken_) co_return failed_to_send();
  finish_head(length);
  transfer_start_ms_ = monotonic_ms();
  co_return co_await write(as_bytes(head_.text()));
}

io::Task<Result<void>> Connection::write(ByteView piece) {
  Pieces pieces;
  pieces.add(piece);
  while (!pieces.empty()) {
    const ssize_t sent = pieces.send(socket_.native_handle());
    if (sent >= 0) {
      pieces.advance(static_cast<std::size_t>(sent));
      if (head_.started()) body_sent_ += static_cast<std::uint64_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return failed_to_send();
    arm_transfer(body_sent_);
    boost::system::error_code error;
    co_await socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                                boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error || expired_) co_return failed_to_send();
  }
  deadline_ms_ = kNever;
  co_return ok();
}

io::Task<Result<void>> Connection::send_problem(int status, std::string detail,
                                                std::string_view extra) {
  const std::string body = problem_json(status, detail);
  head_.start(status);
  head_.add("Content-Type", kProblemType);
  head_.add("Cache-Control", "no-store");
  head_.add("X-Content-Type-Options", "nosniff");
  head_.add_lines(extra);
  co_return co_await send_one(as_bytes(body));
}

}  // namespace farm::net
