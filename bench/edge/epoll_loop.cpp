#include "epoll_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>

#include "client.h"
#include "must.h"

namespace farm::bench {
namespace {

constexpr std::size_t kMaxRequest = 4 << 10;
constexpr int kBacklog = 4096;
constexpr int kEvents = 512;  // taken by one wait

struct Answer {
  std::string head;
  std::string body;
};

struct PathHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view path) const {
    return std::hash<std::string_view>{}(path);
  }
};
using Answers = std::unordered_map<std::string, Answer, PathHash, std::equal_to<>>;

// The fields that the caches send as well, so that all send about as many bytes.
std::string head_for(std::size_t body_bytes) {
  return "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: " +
         std::to_string(body_bytes) +
         "\r\nLast-Modified: Sun, 01 Mar 2026 12:00:00 GMT\r\nETag: \"69a42b00-5f2c\"\r\n"
         "Cache-Control: max-age=31536000\r\nDate: Sun, 01 Nov 2026 12:00:00 GMT\r\nAge: 10\r\n"
         "Accept-Ranges: bytes\r\n\r\n";
}

Answers load(const std::filesystem::path& root) {
  Answers answers;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string body{std::istreambuf_iterator<char>(in), {}};
    std::string head = head_for(body.size());
    answers.emplace("/" + std::filesystem::relative(entry.path(), root).string(),
                    Answer{std::move(head), std::move(body)});
  }
  if (answers.empty()) give_up("there are no files in " + root.string());
  return answers;
}

struct Connection {
  int fd = -1;
  std::size_t read_bytes = 0;
  const Answer* sending = nullptr;  // what the client did not take at once
  std::size_t sent_bytes = 0;
  std::array<char, kMaxRequest> request{};
};

class Loop {
 public:
  explicit Loop(Answers answers) : answers_(std::move(answers)) {
    epoll_ = must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    listener_ = must(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address = local_server(0);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    must(::bind(listener_, any, size), "bind");
    must(::listen(listener_, kBacklog), "listen");
    must(::getsockname(listener_, any, &size), "getsockname");
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    must(::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event), "epoll_ctl");
    std::printf("{\"port\": %u}\n", ntohs(address.sin_port));
    std::fflush(stdout);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEvents> events{};
    while (true) {
      const int count = ::epoll_wait(epoll_, events.data(), kEvents, -1);
      for (int n = 0; n < count; ++n) {
        auto* connection = static_cast<Connection*>(events[n].data.ptr);
        if (connection == nullptr) {
          accept_all();
        } else if (!(connection->sending != nullptr ? go_on(*connection) : read(*connection))) {
          ::close(connection->fd);
          delete connection;
        }
      }
    }
  }

 private:
  void accept_all() {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto* connection = new Connection;
      connection->fd = fd;
      epoll_event event{.events = EPOLLIN, .data = {.ptr = connection}};
      must(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }
  }

  void listen_for(Connection& connection, std::uint32_t events) const {
    epoll_event event{.events = events, .data = {.ptr = &connection}};
    must(::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event), "epoll_ctl");
  }

  // False where the connection is over; the same below.
  bool read(Connection& connection) {
    const ssize_t got = ::recv(connection.fd, connection.request.data() + connection.read_bytes,
                               kMaxRequest - connection.read_bytes, 0);
    if (got < 0) return errno == EAGAIN;
    connection.read_bytes += static_cast<std::size_t>(got);
    if (got == 0 || !answer_all(connection)) return false;
    return connection.sending != nullptr || connection.read_bytes < kMaxRequest;
  }

  // Every request that is whole, as long as the client takes the answers.
  bool answer_all(Connection& connection) {
    std::string_view rest(connection.request.data(), connection.read_bytes);
    while (connection.sending == nullptr) {
      const std::size_t end = rest.find("\r\n\r\n");
      if (end == std::string_view::npos) break;
      const std::string_view line = rest.substr(0, rest.find('\r'));
      if (!line.starts_with("GET ")) return false;
      const auto found = answers_.find(line.substr(4, line.find(' ', 4) - 4));
      if (found == answers_.end()) return false;
      rest.remove_prefix(end + 4);
      if (!answer(connection, found->second)) return false;
    }
    if (rest.size() < connection.read_bytes) {
      std::memmove(connection.request.data(), rest.data(), rest.size());
      connection.read_bytes = rest.size();
    }
    return true;
  }

  bool answer(Connection& connection, const Answer& answer) {
    connection.sending = &answer;
    connection.sent_bytes = 0;
    if (!send(connection)) return false;
    if (connection.sending != nullptr) listen_for(connection, EPOLLOUT);
    return true;
  }

  bool go_on(Connection& connection) {
    if (!send(connection)) return false;
    if (connection.sending != nullptr) return true;
    listen_for(connection, EPOLLIN);
    return answer_all(connection);
  }

  static bool send(Connection& connection) {
    const Answer& answer = *connection.sending;
    const std::size_t head_sent = std::min(connection.sent_bytes, answer.head.size());
    const std::size_t body_sent = connection.sent_bytes - head_sent;
    std::array<iovec, 2> parts{{
        {const_cast<char*>(answer.head.data()) + head_sent, answer.head.size() - head_sent},
        {const_cast<char*>(answer.body.data()) + body_sent, answer.body.size() - body_sent},
    }};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(connection.fd, &message, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    connection.sent_bytes += static_cast<std::size_t>(sent);
    if (connection.sent_bytes == answer.head.size() + answer.body.size())
      connection.sending = nullptr;
    return true;
  }

  Answers answers_;
  int epoll_ = -1;
  int listener_ = -1;
};

}  // namespace

void serve_from_memory(const std::filesystem::path& root) { Loop(load(root)).run(); }

}  // namespace farm::bench
