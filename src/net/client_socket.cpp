#include "net/client_socket.h"

#include <sys/socket.h>

#include <sstream>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

namespace farm::net {
namespace {

constexpr std::uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

}  // namespace

ClientSocket::ClientSocket(Poller& poller, Fd socket)
    : poller_(poller), socket_(std::move(socket)) {
  if (!poller_.watch(socket_.get(), *this)) close();
}

void ClientSocket::start(Waiter waiter, std::uint32_t events, StandIn* stand_in) {
  waiter_ = std::move(waiter);
  waits_for_ = events;
  stand_in_ = stand_in;
  reads_in_a_row_ = 0;
  const bool there_already = !socket_ || (events == EPOLLIN && unread_);
  if (there_already) wake_soon();
}

void ClientSocket::wake_soon() {
  reads_in_a_row_ = 0;
  boost::asio::post(poller_.executor(),
                    [moved = std::move(waiter_)]() mutable { std::move(moved)(true); });
}

void ClientSocket::ready(std::uint32_t events) {
  if ((events & kEnd) != 0) ended_ = true;
  if ((events & (EPOLLIN | kEnd)) != 0) unread_ = true;
  const std::uint32_t wanted = waits_for_ | EPOLLHUP | EPOLLERR;
  if (!waiter_ || (events & wanted) == 0) return;
  if (stand_in_ != nullptr) {
    reads_in_a_row_ = 0;
    const bool sleeps_on = stand_in_->serves();
    if (sleeps_on && unread_) wake_soon();  // the others' turn
    if (sleeps_on) return;
  }
  Waiter waiter = std::move(waiter_);
  std::move(waiter)(true);  // nothing of this may be touched any more
}

// Not at once: whoever cancels goes through connections that would be gone.
void ClientSocket::cancel() {
  if (!waiter_) return;
  boost::asio::post(poller_.executor(),
                    [moved = std::move(waiter_)]() mutable { std::move(moved)(false); });
}

std::string ClientSocket::peer() const {
  boost::asio::ip::tcp::endpoint endpoint;
  socklen_t size = static_cast<socklen_t>(endpoint.capacity());
  if (!socket_ || ::getpeername(socket_.get(), endpoint.data(), &size) != 0) return "gone";
  endpoint.resize(size);
  std::ostringstream text;
  text << endpoint;
  return text.str();
}

void ClientSocket::shut_down_sending() {
  if (socket_) ::shutdown(socket_.get(), SHUT_WR);
}

void ClientSocket::close() {
  if (!socket_) return;
  if (is_linked()) poller_.forget(socket_.get(), *this);
  socket_.reset();
}

void ClientSocket::reset() {
  if (!socket_) return;
  const linger drop{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &drop, sizeof drop);
  close();
}

}  // namespace farm::net
