// For net's tests: a client that is nothing but a blocking socket, so that a test says byte by byte
// what it sends, and a server with an endpoint for each thing to be tried.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/endpoints.h"
#include "net/request_head.h"
#include "net/server.h"

namespace farm::net::testing {

// "127.0.0.1:1234" taken apart.
inline sockaddr_in socket_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in out{};
  out.sin_family = AF_INET;
  std::uint16_t port = 0;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  out.sin_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET, address.substr(0, colon).c_str(), &out.sin_addr), 1);
  return out;
}

struct RawResponse {
  int status = 0;  // 0: the connection ended before a whole response came
  std::string head;
  std::string body;

  std::string find(std::string_view name) const {
    std::string_view rest = head;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find("\r\n"));
      rest.remove_prefix(std::min(line.size() + 2, rest.size()));
      const std::size_t colon = std::min(line.find(':'), line.size());
      if (equals_ignoring_case(line.substr(0, colon), name)) {
        return std::string(line.substr(std::min(colon + 2, line.size())));
      }
    }
    return "none";
  }
};

// Every wait gives up after 30 s, which then fails the test by what it has not got. Waits with a
// timeout end with EINTR when a process that was stopped goes on (signal(7)), hence the retries.
class RawClient {
 public:
  RawClient() : RawClient(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  explicit RawClient(const std::string& address) : RawClient() { connect(address); }
  explicit RawClient(int socket) : socket_(socket) {
    const timeval patience{30, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)) {}
  RawClient& operator=(RawClient&&) = delete;

  int socket() const { return socket_; }

  void connect(const std::string& address) {
    const sockaddr_in to = socket_address(address);
    ASSERT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }

  // False if the server has ended the connection.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent =
          TEMP_FAILURE_RETRY(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL));
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void end_sending() { shutdown(socket_, SHUT_WR); }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  // One response with its body, or an interim one.
  RawResponse receive(Method asked_by = Method::kGet) {
    RawResponse response;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive_some()) return response;
    }
    response.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    int status = 0;
    std::from_chars(response.head.data() + 9, response.head.data() + 12, status);
    const std::string length_text = response.find("Content-Length");
    std::size_t length = 0;
    std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
    if (asked_by == Method::kHead) length = 0;
    while (buffer_.size() < length) {
      if (!receive_some()) return response;
    }
    response.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    response.status = status;
    return response;
  }

  RawResponse ask(std::string_view text) {
    send(text);
    return receive();
  }

  // All that comes up to `end`, or to the connection's; what follows it is kept.
  std::string receive_until(std::string_view end) {
    std::size_t at = 0;
    while ((at = buffer_.find(end)) == std::string::npos) {
      if (!receive_some()) return std::exchange(buffer_, {});
    }
    std::string out = buffer_.substr(0, at + end.size());
    buffer_.erase(0, out.size());
    return out;
  }

  // All that comes until the server ends the connection.
  std::string receive_all() {
    while (receive_some()) {
    }
    return std::exchange(buffer_, {});
  }

  // Waits for the end; false if anything comes before it, or if it does not come.
  bool ends() {
    if (receive_some() || !buffer_.empty()) return false;
    return last_ == 0 || errno == ECONNRESET;
  }

  // Whether anything (or the end) is there to be read, now or within that time.
  bool has_something(int wait_ms = 0) const {
    pollfd poll_for{socket_, POLLIN, 0};
    return TEMP_FAILURE_RETRY(poll(&poll_for, 1, wait_ms)) == 1;
  }

  // Waits for a reset, with what has come before it left unread.
  bool is_reset() const {
    pollfd poll_for{socket_, 0, 0};
    return TEMP_FAILURE_RETRY(poll(&poll_for, 1, 30'000)) == 1 && (poll_for.revents & POLLERR) != 0;
  }

  // Sends `piece` again and again, as slowly as 50 pieces a second, until something comes back.
  void drip(std::string_view piece) {
    for (int i = 0; i < 1500 && !has_something(20); ++i) {
      if (!send(piece)) return;
    }
  }

  // The same, until the other side has ended the connection.
  void drip_to_end(std::string_view piece) {
    pollfd poll_for{socket_, POLLRDHUP, 0};
    for (int i = 0; i < 1500 && TEMP_FAILURE_RETRY(poll(&poll_for, 1, 20)) == 0; ++i) {
      if (!send(piece)) return;
    }
  }

 private:
  bool receive_some() {
    char piece[16 << 10];
    last_ = TEMP_FAILURE_RETRY(::recv(socket_, piece, sizeof piece, 0));
    if (last_ <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(last_));
    return true;
  }

  int socket_ = -1;
  ssize_t last_ = 0;
  std::string buffer_;
};

// A server that says whatever the test wants.
class RawListener {
 public:
  RawListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to = socket_address("127.0.0.1:0");
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    socklen_t size = sizeof to;
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&to), &size), 0);
    port_ = ntohs(to.sin_port);
    const timeval patience{30, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~RawListener() { ::close(socket_); }
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;

  std::uint16_t port() const { return port_; }
  RawClient accept() {
    const auto taken = TEMP_FAILURE_RETRY(::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC));
    return RawClient(static_cast<int>(taken));
  }

 private:
  int socket_ = -1;
  std::uint16_t port_ = 0;
};

inline std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

inline std::string post(std::string_view path, std::string_view body, std::string_view extra = {}) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(extra) + "\r\n" + std::string(body);
}

inline std::string chunked_head(std::string_view path, std::string_view extra = {}) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" +
         std::string(extra) + "\r\n";
}

// Short bounds; no timeout that a slow machine could run into unless a test wants one.
inline Config test_config() {
  Config config;
  config.threads = 2;
  return config;
}

inline void add_endpoint(EndpointTable& table, Method method, std::string pattern,
                         std::uint64_t max_body_bytes, Handler handle) {
  Endpoint endpoint;
  endpoint.method = method;
  endpoint.name = pattern;
  endpoint.pattern = std::move(pattern);
  endpoint.max_body_bytes = max_body_bytes;
  endpoint.handle = std::move(handle);
  table.add(std::move(endpoint));
}

inline std::unique_ptr<Server> start_server(const Config& config, EndpointTable table) {
  auto server = Server::start(config, "127.0.0.1:0", std::move(table));
  EXPECT_TRUE(server) << server.error().context;
  return std::move(server).value();
}

}  // namespace farm::net::testing
