// One keep-alive HTTP connection of a load generator: does not block, sends a request, reads its
// response to the end. Takes only responses with a Content-Length, as all servers here send them.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace farm::bench {

// 127.0.0.1:`port`.
sockaddr_in local_server(std::uint16_t port);

class Client {
 public:
  enum class Progress : std::uint8_t {
    kWaiting,  // for more to arrive
    kWhole,    // status 200, and the body to its end
    kFailed,   // anything else; the connection is closed
  };

  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close(); }

  // Begins to connect, from 127.0.0.(1 + source): one address alone has too few ports for all.
  // `receive_buffer_bytes`: of the socket; `segment_bytes`: of TCP's segments towards it, where
  // loopback's are 64 KiB; 0: as the system has them.
  void connect(const sockaddr_in& server, unsigned source, int receive_buffer_bytes = 0,
               int segment_bytes = 0);
  // False if the connection could not be made; asked once it can be written.
  bool connected();
  // False if it was not taken whole.
  bool send(std::string_view request);
  // Reads what there is. A body is compared with `expected` unless that is null, in which case its
  // bytes are thrown away without being copied.
  Progress receive(const std::string* expected = nullptr);
  // So many bytes at most, as they come; false at the end or an error.
  bool drip(std::size_t bytes);

  void close();
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  std::uint64_t body_bytes() const { return body_bytes_; }  // of the response begun last

 private:
  Progress fail();
  Progress receive_head(const std::string* expected);
  Progress receive_body(const std::string* expected);
  bool take_head(std::string_view head);

  int fd_ = -1;
  bool in_body_ = false;
  std::string head_;  // as far as it has come
  std::uint64_t body_bytes_ = 0;
  std::uint64_t body_seen_ = 0;
};

}  // namespace farm::bench
