#include "client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "must.h"

namespace farm::bench {
namespace {

constexpr std::size_t kMaxHead = 16 << 10;
std::array<char, 256 << 10> scratch;

std::uint64_t number_after(std::string_view text, std::string_view what) {
  // Names of fields in any case; `what` is in lower case.
  const auto found =
      std::search(text.begin(), text.end(), what.begin(), what.end(),
                  [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  std::uint64_t number = 0;
  if (found == text.end()) return UINT64_MAX;
  auto at = static_cast<std::size_t>(found - text.begin()) + what.size();
  while (at < text.size() && text[at] == ' ') ++at;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
  return error == std::errc() ? number : UINT64_MAX;
}

}  // namespace

sockaddr_in local_server(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void Client::connect(const sockaddr_in& server, unsigned source, int receive_buffer_bytes,
                     int segment_bytes) {
  close();
  fd_ = must(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  const auto set = [this](int level, int option, int value) {
    if (value > 0) must(::setsockopt(fd_, level, option, &value, sizeof value), "setsockopt");
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  // The port is chosen when it connects, as free towards this server only.
  set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  set(SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
  set(IPPROTO_TCP, TCP_MAXSEG, segment_bytes);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + source);
  must(::bind(fd_, reinterpret_cast<const sockaddr*>(&from), sizeof from), "bind");
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0 &&
      errno != EINPROGRESS)
    close();
}

bool Client::connected() {
  int error = 0;
  socklen_t size = sizeof error;
  if (!open() || ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    close();
    return false;
  }
  return true;
}

bool Client::send(std::string_view request) {
  head_.clear();
  in_body_ = false;
  body_bytes_ = body_seen_ = 0;
  if (!open()) return false;
  return ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(request.size());
}

void Client::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Client::Progress Client::fail() {
  close();
  return Progress::kFailed;
}

bool Client::take_head(std::string_view head) {
  if (!head.starts_with("HTTP/1.1 200 ")) return false;
  body_bytes_ = number_after(head, "\r\ncontent-length:");
  in_body_ = true;
  return body_bytes_ != UINT64_MAX;
}

Client::Progress Client::receive(const std::string* expected) {
  if (!open()) return Progress::kFailed;
  return in_body_ ? receive_body(expected) : receive_head(expected);
}

Client::Progress Client::receive_head(const std::string* expected) {
  const ssize_t got = ::recv(fd_, scratch.data(), kMaxHead, 0);
  if (got < 0 && errno == EAGAIN) return Progress::kWaiting;
  if (got <= 0) return fail();
  // Nearly always all of a head comes at once, and nothing need be kept.
  std::string_view text(scratch.data(), static_cast<std::size_t>(got));
  if (!head_.empty()) text = head_.append(text);
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (text.size() > kMaxHead) return fail();
    if (head_.empty()) head_ = text;
    return Progress::kWaiting;
  }
  if (!take_head(text.substr(0, end + 2))) return fail();
  const std::string_view body = text.substr(end + 4);
  body_seen_ = body.size();
  if (body_seen_ > body_bytes_) return fail();  // more than was asked for
  if (expected != nullptr && (body_bytes_ != expected->size() || !expected->starts_with(body)))
    return fail();
  return body_seen_ == body_bytes_ ? Progress::kWhole : receive_body(expected);
}

Client::Progress Client::receive_body(const std::string* expected) {
  while (body_seen_ < body_bytes_) {
    const std::size_t wanted = std::min<std::size_t>(scratch.size(), body_bytes_ - body_seen_);
    const ssize_t got = ::recv(fd_, scratch.data(), wanted, expected == nullptr ? MSG_TRUNC : 0);
    if (got < 0 && errno == EAGAIN) return Progress::kWaiting;
    if (got <= 0) return fail();
    const auto size = static_cast<std::size_t>(got);
    if (expected != nullptr && expected->compare(body_seen_, size, scratch.data(), size) != 0)
      return fail();
    body_seen_ += size;
    if (size < wanted) return Progress::kWaiting;
  }
  return Progress::kWhole;
}

bool Client::drip(std::size_t bytes) {
  if (!open()) return false;
  const ssize_t got = ::recv(fd_, scratch.data(), std::min(bytes, scratch.size()), 0);
  if (got > 0 || (got < 0 && errno == EAGAIN)) return true;
  close();
  return false;
}

}  // namespace farm::bench
