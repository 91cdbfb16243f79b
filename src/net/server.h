// The HTTP/1.1 server (RFC 9110, RFC 9112): network threads, each with its own event loop, which
// serve the endpoints of a table within the bounds of Config.
//
// Handlers run on the network threads and must not block: what blocks goes through io::offload.
// Worker pools that handlers offload to must be stopped after stop() and before the Server is
// destroyed: their jobs hold coroutines that live on the server's threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/config.h"
#include "net/endpoints.h"
#include "obs/metrics.h"

namespace farm::net {

class Server {
 public:
  // Binds `address` ("127.0.0.1:8080", "[::1]:0"; port 0 takes any free one). Requests wait until
  // run(). kInvalidArgument for an address that is none, kUnavailable if it is taken.
  static Result<std::unique_ptr<Server>> bind(const Config& config, const std::string& address,
                                              EndpointTable endpoints);
  void run();  // starts the threads; once
  // Both at once.
  static Result<std::unique_ptr<Server>> start(const Config& config, const std::string& address,
                                               EndpointTable endpoints);
  ~Server();  // as stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The address it listens on, with the real port.
  std::string address() const;
  std::size_t threads() const;

  // Takes no more connections, lets what runs finish (at most Config::stop_grace), joins the
  // threads. From any thread but the server's own.
  void stop();

  // Figures for /metrics. Thread-safe.
  void collect(obs::Samples& out) const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// How many threads a server with this configuration has: for tables by Exchange::thread_index().
std::size_t thread_count(const Config& config);

}  // namespace farm::net
