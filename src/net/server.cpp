#include "net/server.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include "net/connection.h"
#include "net/problem.h"
#include "obs/log.h"

namespace farm::net {
namespace {

using boost::asio::ip::tcp;
using Acceptor = boost::asio::basic_socket_acceptor<tcp, io::Executor>;

constexpr int kBacklog = 4096;

Result<tcp::endpoint> parse_address(const std::string& text) {
  const auto invalid = [&] {
    return fail(ErrorCode::kInvalidArgument, "net",
                "\"" + text + "\" is no address to listen on; write it as 127.0.0.1:8080");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return invalid();
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data() + colon + 1, end, port);
  boost::system::error_code error;
  const auto address =
      boost::asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error || status != std::errc{} || stop != end) return invalid();
  return tcp::endpoint(address, port);
}

Result<void> open(Acceptor& acceptor, const tcp::endpoint& endpoint, const std::string& text) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (!error) acceptor.native_non_blocking(true, error);
  if (!error) return ok();
  return fail(ErrorCode::kUnavailable, "net",
              "cannot listen on " + text + ": " + error.message() +
                  "; is another program there? Give another with --listen ADDR:PORT");
}

// accept(2), "error handling": that one is gone again, others may come.
bool is_of_one_connection(int error) {
  constexpr std::array kErrors = {ECONNABORTED, EINTR,        EPROTO,      ENETDOWN, ENETUNREACH,
                                  EHOSTDOWN,    EHOSTUNREACH, ENOPROTOOPT, ENONET,   EOPNOTSUPP};
  return std::ranges::find(kErrors, error) != kErrors.end();
}

void set_up(int socket, const Config& config) {
  const int on = 1;
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::uint32_t unsent = config.max_unsent_bytes;
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

void refuse(int socket) {
  static const std::string kBody = problem_json(503, "too many connections; try again soon");
  static const std::string kAnswer =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
      "Retry-After: 1\r\nConnection: close\r\nContent-Length: " +
      std::to_string(kBody.size()) + "\r\n\r\n" + kBody;
  // One try: a client that does not take it gets a closed connection.
  (void)::send(socket, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  (void)::shutdown(socket, SHUT_WR);
  // Closing with bytes unread resets the connection, and the answer may be lost.
  std::array<char, 4 << 10> request;
  (void)::recv(socket, request.data(), request.size(), MSG_DONTWAIT);
}

std::vector<std::string> route_names(const EndpointTable& endpoints) {
  std::vector<std::string> names;
  for (const Endpoint& endpoint : endpoints.all()) {
    names.push_back(endpoint.name);
  }
  names.push_back(endpoints.fallback().name);
  names.emplace_back("malformed");
  return names;
}

}  // namespace

std::size_t thread_count(const Config& config) {
  return config.threads != 0 ? config.threads : std::max(1U, std::thread::hardware_concurrency());
}

struct Server::Impl {
  ServerShared shared;
  std::atomic<std::size_t> busy_threads{0};
  std::vector<std::unique_ptr<NetThread>> threads;
  std::unique_ptr<Acceptor> acceptor;
  std::string address;
  std::size_t next_thread = 0;
  bool stopped = false;

  io::Task<void> accept_loop();
  int accept_some();
  void take(Fd socket);
};

io::Task<void> Server::Impl::accept_loop() {
  boost::system::error_code error;
  while (true) {
    co_await acceptor->async_wait(Acceptor::wait_read,
                                  boost::asio::redirect_error(io::use_task, error));
    if (!acceptor->is_open()) co_return;
    const int failed = accept_some();
    if (failed == 0) continue;
    // Out of descriptors or memory: wait for connections to end.
    obs::log_warn("cannot accept a connection", {{"error", std::strerror(failed)}});
    boost::asio::steady_timer pause(acceptor->get_executor(), std::chrono::milliseconds(100));
    co_await pause.async_wait(boost::asio::redirect_error(io::use_task, error));
  }
}

// Those that are there, but for very many; what the system says if it cannot, else 0.
int Server::Impl::accept_some() {
  constexpr int kMostAtOnce = 64;
  for (int i = 0; i < kMostAtOnce; ++i) {
    Fd socket(::accept4(acceptor->native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const int error = errno;
    if (socket) {
      take(std::move(socket));
    } else if (error == EAGAIN || error == EWOULDBLOCK) {
      return 0;
    } else if (!is_of_one_connection(error)) {
      return error;
    }
  }
  return 0;
}

void Server::Impl::take(Fd socket) {
  if (shared.connections.load(std::memory_order_relaxed) >= shared.config.max_connections) {
    shared.refused.fetch_add(1, std::memory_order_relaxed);
    return refuse(socket.get());
  }
  shared.connections.fetch_add(1, std::memory_order_relaxed);
  set_up(socket.get(), shared.config);
  NetThread& thread = *threads[next_thread++ % threads.size()];
  boost::asio::post(thread.context(), [&thread, this, moved = std::move(socket)]() mutable {
    auto connection = std::make_unique<Connection>(thread, shared, std::move(moved));
    boost::asio::co_spawn(thread.context(), Connection::run(std::move(connection)),
                          boost::asio::detached);
  });
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::bind(const Config& config, const std::string& address,
                                             EndpointTable endpoints) {
  FARM_TRY(const tcp::endpoint endpoint, parse_address(address));
  auto impl = std::make_unique<Impl>();
  impl->shared.config = config;
  impl->shared.stats =
      std::make_unique<obs::RequestStats>(route_names(endpoints), thread_count(config));
  impl->shared.endpoints = std::move(endpoints);
  for (std::size_t i = 0; i < thread_count(config); ++i) {
    impl->threads.push_back(
        std::make_unique<NetThread>(i, impl->shared.config, impl->busy_threads));
  }
  impl->acceptor = std::make_unique<Acceptor>(impl->threads[0]->context());
  FARM_TRY(open(*impl->acceptor, endpoint, address));
  std::ostringstream text;
  text << impl->acceptor->local_endpoint();
  impl->address = text.str();
  boost::asio::co_spawn(impl->threads[0]->context(), impl->accept_loop(), boost::asio::detached);
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::run() {
  for (const auto& thread : impl_->threads) thread->start();
}

Result<std::unique_ptr<Server>> Server::start(const Config& config, const std::string& address,
                                              EndpointTable endpoints) {
  FARM_TRY(std::unique_ptr<Server> server, bind(config, address, std::move(endpoints)));
  server->run();
  return server;
}

Server::~Server() { stop(); }

std::string Server::address() const { return impl_->address; }
std::size_t Server::threads() const { return impl_->threads.size(); }

void Server::stop() {
  if (impl_->stopped) return;
  impl_->stopped = true;
  boost::asio::post(impl_->threads[0]->context(), [impl = impl_.get()] {
    boost::system::error_code ignored;
    impl->acceptor->close(ignored);
  });
  for (const auto& thread : impl_->threads) thread->stop();
  for (const auto& thread : impl_->threads) thread->join();
}

void Server::collect(obs::Samples& out) const {
  impl_->shared.stats->collect(out);
  out.gauge("photofarm_http_connections", "Open client connections.",
            impl_->shared.connections.load(std::memory_order_relaxed));
  out.counter("photofarm_http_connections_refused_total",
              "Connections refused because max_connections were open.",
              static_cast<double>(impl_->shared.refused.load(std::memory_order_relaxed)));
}

}  // namespace farm::net
