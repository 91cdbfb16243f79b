// One request to a pool: to the next server in turn, and to others while it cannot be reached.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/upstream.h"
#include "route/routes.h"

namespace farm::roles {

struct UpstreamCallRequest {
  std::string method = "GET";
  std::string target;
  std::string lines;  // headers without Host, each with its CRLF
  std::optional<std::uint64_t> content_length;
  bool chunked = false;

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

class UpstreamCall {
 public:
  // Both outlive it.
  UpstreamCall(net::Upstreams& upstreams, route::Pool& pool, UpstreamCallRequest request)
      : upstreams_(upstreams), pool_(pool), request_(std::move(request)) {}

  // Connects and sends the head. Each server is tried once while they cannot be reached.
  io::Task<Result<void>> send();
  // The next head, interim ones among them. A request without a body whose server leaves or fails
  // before its answer is sent to one other server.
  io::Task<Result<net::UpstreamHead>> read_head();

  // Begins anew with another request.
  void again(UpstreamCallRequest request);

  net::UpstreamExchange& exchange() { return *exchange_; }

 private:
  io::Task<Result<void>> try_server();

  net::Upstreams& upstreams_;
  route::Pool& pool_;
  UpstreamCallRequest request_;
  std::unique_ptr<net::UpstreamExchange> exchange_;
  std::size_t server_ = 0;
  std::size_t tried_ = 0;
  bool interim_seen_ = false;
};

// The status that tells a client what went wrong: 502, 503, 504.
int gateway_status(const Error& error);

}  // namespace farm::roles
