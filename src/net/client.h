// An HTTP/1.1 client with pooled keep-alive connections and deadlines, for the rooms that talk to
// other servers and for the command line.
//
// A Client belongs to one event loop: use it from that loop's thread only. BlockingClient is for
// programs that have none; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "io/task.h"
#include "net/request_head.h"

namespace farm::net {

struct ClientConfig {
  std::chrono::milliseconds connect_timeout{5'000};   // besides the look-up of a name
  std::chrono::milliseconds request_timeout{60'000};  // from sending to the response's last byte
  std::uint64_t max_response_bytes = 256ULL << 20;
  std::size_t max_idle_per_host = 16;
  std::chrono::milliseconds idle_timeout{30'000};  // an idle connection is not used after that
};

struct ClientRequest {
  Method method = Method::kGet;
  std::string host;  // name or address, without a port
  std::uint16_t port = 80;
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;  // besides Host and Content-Length
  ByteView body;                                             // alive until the response is there
};

struct ClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  Bytes body;

  std::optional<std::string_view> find(std::string_view name) const;  // case-insensitive
  std::string_view text() const { return as_text(body); }
};

class Client {
 public:
  Client(io::Executor executor, ClientConfig config);
  ~Client();

  // kInvalidArgument (a control character in the request), kUnavailable (cannot connect), kTimeout,
  // kClosed, kTooLarge (response over its bound), kCorrupt (no HTTP). A request with a method that
  // may be repeated is tried once more if a pooled connection turns out to be closed.
  io::Task<Result<ClientResponse>> send(ClientRequest request);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

class BlockingClient {
 public:
  explicit BlockingClient(ClientConfig config = {});
  ~BlockingClient();
  BlockingClient(BlockingClient&&) noexcept;
  BlockingClient& operator=(BlockingClient&&) = delete;
  Result<ClientResponse> send(ClientRequest request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "http://127.0.0.1:8080" taken apart; kInvalidArgument if it is no plain http URL.
struct ServerUrl {
  std::string host;
  std::uint16_t port = 80;
  std::string target;  // from the path on; "/" if there is none
};
Result<ServerUrl> parse_server_url(std::string_view url);

}  // namespace farm::net
