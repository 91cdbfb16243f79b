#include "net/upstream_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include <boost/asio/redirect_error.hpp>

namespace farm::net {

namespace asio = boost::asio;
using boost::system::error_code;

UpstreamConnection::UpstreamConnection(io::Executor executor, const UpstreamConfig& config,
                                       std::string peer)
    : config_(config), peer_(std::move(peer)), socket_(executor) {}

UpstreamConnection::~UpstreamConnection() {
  if (watch_) watch_->connection = nullptr;
}

void UpstreamConnection::check(std::int64_t now_ms, bool) {
  if (expired_ || now_ms < deadline_ms_) return;
  expired_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

// Forgets an expiry that came too late to stop what it was for.
void UpstreamConnection::arm(std::int64_t deadline_ms) {
  expired_ = false;
  deadline_ms_ = deadline_ms;
}

void UpstreamConnection::begin_wait() {
  wait_began_ms_ = monotonic_ms();
  arm(wait_began_ms_ + patience_ms_);
}

void UpstreamConnection::end_wait() {
  patience_ms_ -= monotonic_ms() - wait_began_ms_;
  deadline_ms_ = kNever;
}

void UpstreamConnection::regain_patience(std::size_t moved_bytes) {
  const std::uint64_t won_ms = std::uint64_t{moved_bytes} * 1000 / config_.min_rate;
  patience_ms_ =
      std::min(config_.transfer_grace.count(), patience_ms_ + static_cast<std::int64_t>(won_ms));
}

io::Task<Result<void>> UpstreamConnection::connect(HostLookup::Addresses addresses,
                                                   std::uint16_t port,
                                                   std::chrono::milliseconds timeout) {
  const std::int64_t end_ms = monotonic_ms() + timeout.count();
  error_code error;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::int64_t left_ms = end_ms - monotonic_ms();
    if (left_ms <= 0 && i > 0) break;
    const asio::ip::tcp::endpoint endpoint(addresses[i], port);
    socket_.close(error);
    socket_.open(endpoint.protocol(), error);
    if (error) continue;
    arm(monotonic_ms() + left_ms / static_cast<std::int64_t>(addresses.size() - i));
    co_await socket_.async_connect(endpoint, asio::redirect_error(io::use_task, error));
    deadline_ms_ = kNever;
    if (!error) {
      error_code ignored;
      socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
      co_return ok();
    }
  }
  const std::string where = "cannot connect " + peer_;
  if (expired_) co_return fail(ErrorCode::kTimeout, "net", where + ": it took too long");
  co_return fail(ErrorCode::kUnavailable, "net", where + ": " + error.message());
}

bool UpstreamConnection::is_quiet() {
  char byte = 0;
  const ssize_t count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void UpstreamConnection::watch_for_input() {
  if (!watch_) {
    watch_ = std::make_shared<Watch>();
    watch_->connection = this;
  }
  if (watch_->waiting) return;
  watch_->waiting = true;
  socket_.async_wait(Socket::wait_read, [watch = watch_](const error_code& error) {
    watch->waiting = false;
    if (!error && watch->connection != nullptr) watch->connection->input_came();
  });
}

void UpstreamConnection::input_came() {
  if (!writing_) return;
  readable_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

io::Task<Result<UpstreamConnection::Wrote>> UpstreamConnection::write(Pieces& pieces, bool watch) {
  readable_ = false;
  while (!pieces.empty()) {
    const ssize_t sent = pieces.send(socket_.native_handle());
    if (sent >= 0) {
      regain_patience(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      co_return fail(ErrorCode::kClosed, "net", peer_ + " closed the connection under a request");
    }
    begin_wait();
    writing_ = true;
    if (watch) watch_for_input();
    error_code error;
    co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(io::use_task, error));
    writing_ = false;
    end_wait();
    if (readable_) co_return Wrote::kReadable;
    if (expired_) {
      co_return fail(ErrorCode::kTimeout, "net", peer_ + " took the request too slowly");
    }
  }
  co_return Wrote::kAll;
}

Error UpstreamConnection::read_error(const error_code& error) const {
  if (expired_) return make_error(ErrorCode::kTimeout, "net", peer_ + " answered too slowly");
  return make_error(ErrorCode::kClosed, "net",
                    "cannot read from " + peer_ + ": " + error.message());
}

io::Task<Result<std::size_t>> UpstreamConnection::read_by(MutableByteView into,
                                                          std::int64_t deadline_ms) {
  arm(deadline_ms);
  error_code error;
  const std::size_t count = co_await socket_.async_read_some(
      asio::buffer(into.data(), into.size()), asio::redirect_error(io::use_task, error));
  deadline_ms_ = kNever;
  if (error && error != asio::error::eof) co_return fail(read_error(error));
  co_return error ? 0 : count;
}

io::Task<Result<std::size_t>> UpstreamConnection::read(MutableByteView into) {
  begin_wait();
  error_code error;
  const std::size_t count = co_await socket_.async_read_some(
      asio::buffer(into.data(), into.size()), asio::redirect_error(io::use_task, error));
  end_wait();
  regain_patience(count);
  if (error && error != asio::error::eof) co_return fail(read_error(error));
  co_return error ? 0 : count;
}

void UpstreamConnection::reset() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);  // not left to the destructor, which forgets the option
}

ssize_t UpstreamConnection::read_now(MutableByteView into) {
  return ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
}

}  // namespace farm::net
