#include "roles/edge/upstream_call.h"

namespace farm::roles {
namespace {

bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD"; }

// Another server may do better.
bool is_the_servers_fault(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kClosed ||
         error.code == ErrorCode::kTimeout;
}

}  // namespace

io::Task<Result<void>> UpstreamCall::try_server() {
  server_ = pool_.next();
  ++tried_;
  const route::ServerAddress& address = pool_.server(server_);
  const std::string lines = "Host: " + pool_.host(server_) + "\r\n" + request_.lines;
  const net::UpstreamRequest request = {.method = request_.method,
                                        .target = request_.target,
                                        .head_lines = lines,
                                        .content_length = request_.content_length,
                                        .chunked = request_.chunked,
                                        .connect_timeout = pool_.connect_timeout(),
                                        .head_timeout = pool_.head_timeout()};
  const net::UpstreamServer server = {.host = address.host, .port = address.port};
  auto sent = co_await upstreams_.send(server, request);
  if (!sent) {
    if (is_the_servers_fault(sent.error())) pool_.failed(server_);
    co_return fail(std::move(sent).error());
  }
  exchange_ = std::move(sent).value();
  co_return ok();
}

void UpstreamCall::again(UpstreamCallRequest request) {
  exchange_.reset();
  request_ = std::move(request);
  tried_ = 0;
  interim_seen_ = false;
}

io::Task<Result<void>> UpstreamCall::send() {
  for (;;) {
    auto sent = co_await try_server();
    // Nothing of it has been seen by anybody yet.
    const bool again =
        !sent && sent.error().code == ErrorCode::kUnavailable && tried_ < pool_.size();
    if (!again) co_return sent;
  }
}

io::Task<Result<net::UpstreamHead>> UpstreamCall::read_head() {
  for (;;) {
    auto head = co_await exchange_->read_head();
    if (head) {
      interim_seen_ = true;
      pool_.succeeded(server_);
      co_return head;
    }
    if (is_the_servers_fault(head.error())) pool_.failed(server_);
    const bool again = is_the_servers_fault(head.error()) && !interim_seen_ &&
                       is_safe(request_.method) && !request_.has_body() && tried_ < 2 &&
                       tried_ < pool_.size();
    if (!again) co_return head;
    exchange_.reset();
    auto sent = co_await try_server();
    if (!sent) co_return fail(std::move(sent).error());
  }
}

int gateway_status(const Error& error) {
  if (error.code == ErrorCode::kTimeout) return 504;
  if (error.code == ErrorCode::kBusy) return 503;
  return 502;
}

}  // namespace farm::roles
