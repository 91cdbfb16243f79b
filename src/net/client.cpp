#include "net/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <deque>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/vector_body.hpp>
#include <boost/beast/http/write.hpp>

namespace farm::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;
using Stream = beast::basic_stream<asio::ip::tcp, io::Executor>;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, io::Executor>;
using Steady = std::chrono::steady_clock;
using HttpRequest = http::request<http::span_body<const char>>;
using ResponseParser = http::response_parser<http::vector_body<std::byte>>;

constexpr std::uint32_t kMaxResponseHeadBytes = 64 << 10;

http::verb verb_of(Method method) { return http::string_to_verb(std::string(to_string(method))); }

bool may_repeat(Method method) { return method != Method::kPost && method != Method::kPatch; }

Error client_error(const error_code& error, const ClientRequest& request, std::string_view doing) {
  const std::string where = request.host + ":" + std::to_string(request.port);
  ErrorCode code = ErrorCode::kClosed;
  if (error == beast::error::timeout) {
    code = ErrorCode::kTimeout;
  } else if (doing == "connect") {
    code = ErrorCode::kUnavailable;
  } else if (error == http::error::body_limit) {
    code = ErrorCode::kTooLarge;
  } else if (error.category() == http::make_error_code(http::error::bad_value).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    code = ErrorCode::kCorrupt;
  }
  return make_error(code, "net",
                    "cannot " + std::string(doing) + " " + where + ": " + error.message());
}

// What would end a line or a token early would let a value forge a header or a second request.
bool is_sendable(const ClientRequest& request) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  const auto breaks_target = [&](char c) { return is_control(c) || c == ' '; };
  if (request.target.empty() || std::ranges::any_of(request.target, breaks_target)) return false;
  if (request.host.empty() || std::ranges::any_of(request.host, breaks_target)) return false;
  return std::ranges::all_of(request.headers, [&](const auto& header) {
    const auto ends_name = [&](char c) { return breaks_target(c) || c == ':'; };
    const auto ends_value = [&](char c) { return is_control(c) && c != '\t'; };
    return !header.first.empty() && std::ranges::none_of(header.first, ends_name) &&
           std::ranges::none_of(header.second, ends_value);
  });
}

// Nothing has come on an idle connection, not even its end.
bool is_quiet(Stream& stream) {
  char byte = 0;
  const ssize_t count = ::recv(stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

HttpRequest to_beast(const ClientRequest& request) {
  HttpRequest out{verb_of(request.method), request.target, 11};
  const bool bracket = request.host.find(':') != std::string::npos;
  std::string host = bracket ? "[" + request.host + "]" : request.host;
  if (request.port != 80) host += ":" + std::to_string(request.port);
  out.set(http::field::host, host);
  for (const auto& [name, value] : request.headers) out.set(name, value);
  out.body() = {reinterpret_cast<const char*>(request.body.data()), request.body.size()};
  const bool sends_body = !request.body.empty() || request.method == Method::kPost ||
                          request.method == Method::kPut || request.method == Method::kPatch;
  if (sends_body) out.content_length(request.body.size());
  return out;
}

ClientResponse from_beast(ResponseParser& parser) {
  auto message = parser.release();
  ClientResponse out;
  out.status = static_cast<int>(message.result_int());
  for (const auto& field : message) {
    out.headers.emplace_back(field.name_string(), field.value());
  }
  out.body = std::move(message.body());
  return out;
}

}  // namespace

std::optional<std::string_view> ClientResponse::find(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

struct Client::Impl {
  struct Idle {
    std::unique_ptr<Stream> stream;
    Steady::time_point since;
  };

  Impl(io::Executor where, ClientConfig settings) : executor(std::move(where)), config(settings) {}

  std::unique_ptr<Stream> take_idle(const std::string& key);
  void keep(const std::string& key, std::unique_ptr<Stream> stream);
  static io::Task<Result<ClientResponse>> send(std::shared_ptr<Impl> self, ClientRequest request);
  io::Task<Result<std::unique_ptr<Stream>>> connect(const ClientRequest& request);
  io::Task<Result<ClientResponse>> exchange(Stream& stream, const ClientRequest& request,
                                            bool& keep_alive);

  io::Executor executor;
  ClientConfig config;
  std::map<std::string, std::deque<Idle>> pool;
};

std::unique_ptr<Stream> Client::Impl::take_idle(const std::string& key) {
  auto& idle = pool[key];
  const auto oldest = Steady::now() - config.idle_timeout;
  while (!idle.empty() && idle.front().since < oldest) idle.pop_front();
  while (!idle.empty()) {
    auto stream = std::move(idle.back().stream);
    idle.pop_back();
    if (is_quiet(*stream)) return stream;
  }
  return nullptr;
}

void Client::Impl::keep(const std::string& key, std::unique_ptr<Stream> stream) {
  if (config.max_idle_per_host == 0) return;
  auto& idle = pool[key];
  if (idle.size() >= config.max_idle_per_host) idle.pop_front();
  idle.push_back({std::move(stream), Steady::now()});
}

io::Task<Result<std::unique_ptr<Stream>>> Client::Impl::connect(const ClientRequest& request) {
  error_code error;
  std::vector<asio::ip::tcp::endpoint> endpoints;
  const auto literal = asio::ip::make_address(request.host, error);
  if (!error) {
    endpoints.emplace_back(literal, request.port);
  } else {
    // The system's resolver keeps its own time: it can't be interrupted.
    Resolver resolver(executor);
    const auto found = co_await resolver.async_resolve(request.host, std::to_string(request.port),
                                                       asio::redirect_error(io::use_task, error));
    if (error) co_return fail(client_error(error, request, "connect"));
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  }
  auto stream = std::make_unique<Stream>(executor);
  stream->expires_after(config.connect_timeout);
  co_await stream->async_connect(endpoints, asio::redirect_error(io::use_task, error));
  if (error) co_return fail(client_error(error, request, "connect"));
  stream->socket().set_option(asio::ip::tcp::no_delay(true), error);
  co_return stream;
}

io::Task<Result<ClientResponse>> Client::Impl::exchange(Stream& stream,
                                                        const ClientRequest& request,
                                                        bool& keep_alive) {
  error_code error;
  const HttpRequest message = to_beast(request);
  http::request_serializer<http::span_body<const char>> serializer(message);
  stream.expires_after(config.request_timeout);
  co_await http::async_write(stream, serializer, asio::redirect_error(io::use_task, error));
  // A server that refuses a body answers before it has read it: look for the answer first.
  const error_code write_error = error;
  std::optional<ResponseParser> parser;
  beast::flat_buffer buffer;
  do {  // past interim answers (1xx)
    parser.emplace();
    parser->header_limit(kMaxResponseHeadBytes);
    parser->body_limit(config.max_response_bytes);
    if (request.method == Method::kHead) parser->skip(true);
    co_await http::async_read_header(stream, buffer, *parser,
                                     asio::redirect_error(io::use_task, error));
  } while (!error && parser->get().result_int() / 100 == 1);
  if (!error && !parser->is_done()) {
    co_await http::async_read(stream, buffer, *parser, asio::redirect_error(io::use_task, error));
  }
  if (error) {
    co_return fail(write_error ? client_error(write_error, request, "send to")
                               : client_error(error, request, "read from"));
  }
  keep_alive = parser->keep_alive() && !write_error && buffer.size() == 0;
  co_return from_beast(*parser);
}

io::Task<Result<ClientResponse>> Client::Impl::send(std::shared_ptr<Impl> self,
                                                    ClientRequest request) {
  if (!is_sendable(request)) {
    co_return fail(ErrorCode::kInvalidArgument, "net",
                   "a character in the request's target, host or headers cannot be sent");
  }
  const std::string key = request.host + ":" + std::to_string(request.port);
  std::unique_ptr<Stream> stream = self->take_idle(key);
  bool pooled = stream != nullptr;
  for (;;) {
    if (!stream) {
      auto connected = co_await self->connect(request);
      if (!connected) co_return fail(std::move(connected).error());
      stream = std::move(connected).value();
    }
    bool keep_alive = false;
    auto response = co_await self->exchange(*stream, request, keep_alive);
    const bool stale = !response && pooled && response.error().code == ErrorCode::kClosed;
    if (stale && may_repeat(request.method)) {
      stream.reset();
      pooled = false;
      continue;
    }
    if (response && keep_alive) self->keep(key, std::move(stream));
    co_return response;
  }
}

Client::Client(io::Executor executor, ClientConfig config)
    : impl_(std::make_shared<Impl>(std::move(executor), config)) {}
Client::~Client() = default;

io::Task<Result<ClientResponse>> Client::send(ClientRequest request) {
  return Impl::send(impl_, std::move(request));
}

struct BlockingClient::Impl {
  explicit Impl(ClientConfig config) : client(context.get_executor(), config) {}

  static io::Task<void> run(Client& client, ClientRequest request,
                            std::optional<Result<ClientResponse>>& out) {
    out.emplace(co_await client.send(std::move(request)));
  }

  asio::io_context context{1};
  Client client;
};

BlockingClient::BlockingClient(ClientConfig config) : impl_(std::make_unique<Impl>(config)) {}
BlockingClient::~BlockingClient() = default;
BlockingClient::BlockingClient(BlockingClient&&) noexcept = default;

Result<ClientResponse> BlockingClient::send(ClientRequest request) {
  std::optional<Result<ClientResponse>> response;
  bool done = false;
  asio::co_spawn(impl_->context, Impl::run(impl_->client, std::move(request), response),
                 [&done](const std::exception_ptr&) { done = true; });
  impl_->context.restart();
  // Only until the coroutine has ended: pooled connections leave nothing to wait for.
  while (!done && impl_->context.run_one() > 0) {
  }
  if (!response) return fail(ErrorCode::kInternal, "net", "the request did not finish");
  return std::move(*response);
}

Result<ServerUrl> parse_server_url(std::string_view url) {
  const auto invalid = [&] {
    return fail(ErrorCode::kInvalidArgument, "net",
                "\"" + std::string(url) + "\" is no server URL; write it as http://HOST:PORT");
  };
  std::string_view rest = url;
  if (!rest.starts_with("http://")) return invalid();
  rest.remove_prefix(7);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  ServerUrl out;
  out.target = slash < rest.size() ? std::string(rest.substr(slash)) : "/";
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const std::string_view port = authority.substr(colon + 1);
    const char* end = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data(), end, out.port);
    if (error != std::errc{} || stop != end || out.port == 0) return invalid();
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) {
    authority = authority.substr(1, authority.size() - 2);
  }
  const bool is_host = std::ranges::all_of(authority, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-._~:%").find(c) != std::string_view::npos;
  });
  const bool is_target = std::ranges::none_of(out.target, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '#';
  });
  if (authority.empty() || !is_host || !is_target) return invalid();
  out.host = authority;
  return out;
}

}  // namespace farm::net
