// For the tests of Upstreams: one request after the other through the test's own event loop, and
// servers on a thread of their own that say byte by byte what the test wants.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "net/test_support.h"
#include "net/upstream.h"

namespace farm::net::testing {

// What a test asks for. Without `pieces` there is no body.
struct Asking {
  std::string method = "GET";
  std::string target = "/";
  std::string head_lines = "Host: h\r\n";
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  std::vector<std::string> pieces;
  std::size_t repeat_pieces = 1;
  bool head_first = false;  // reads a head before the body is written
  std::chrono::milliseconds head_timeout{0};
  std::size_t read_bytes = 64 << 10;  // at a time
  std::size_t stop_after = SIZE_MAX;  // bytes of the answer's body; then the exchange is destroyed
};

// What came of it.
struct Outcome {
  std::string error;  // "closed", …; empty: all is well
  std::string context;
  int status = 0;
  int minor_version = 1;
  std::string reason;
  std::vector<std::string> headers;  // "Name: value"
  std::vector<std::string> interim;  // "103 Early Hints", then its headers
  std::optional<std::uint64_t> body_bytes;
  std::string body;
  bool took_body = true;  // to its last piece
};

class Asker {
 public:
  explicit Asker(UpstreamConfig config = {}) : upstreams_(context_.get_executor(), config) {}

  Outcome ask(std::uint16_t port, Asking asking, std::string host = "127.0.0.1") {
    Outcome outcome;
    bool done = false;
    boost::asio::co_spawn(context_,
                          run(*this, UpstreamServer{std::move(host), port}, asking, outcome),
                          [&done](const std::exception_ptr& thrown) {
                            EXPECT_FALSE(thrown);
                            done = true;
                          });
    context_.restart();
    while (!done && context_.run_one() > 0) {
    }
    return outcome;
  }

  // Until nothing is left to be done; with until_idle, only until all connections are idle.
  void run_all() {
    context_.restart();
    do {
      if (context_.run_one() == 0) break;
    } while (!until_idle || figures().connects == 0 || figures().open != figures().idle);
  }
  bool until_idle = false;

  std::function<void()> on_body;  // called with every piece of an answer's body

  const UpstreamFigures& figures() const { return upstreams_.figures(); }
  boost::asio::io_context& context() { return context_; }
  Upstreams& upstreams() { return upstreams_; }

  static io::Task<void> run(Asker& self, UpstreamServer server, Asking asking, Outcome& outcome) {
    const Result<void> result = co_await talk(self, server, asking, outcome);
    if (!result) {
      outcome.error = std::string(to_string(result.error().code));
      outcome.context = result.error().context;
    }
  }

 private:
  static io::Task<Result<void>> talk(Asker& self, const UpstreamServer& server,
                                     const Asking& asking, Outcome& outcome) {
    UpstreamRequest request;
    request.method = asking.method;
    request.target = asking.target;
    request.head_lines = asking.head_lines;
    request.content_length = asking.content_length;
    request.chunked = asking.chunked;
    request.head_timeout = asking.head_timeout;
    FARM_CO_TRY(auto exchange, co_await self.upstreams_.send(server, request));
    bool final = false;
    if (asking.head_first) {
      FARM_CO_TRY(const UpstreamHead head, co_await exchange->read_head());
      final = note(head, outcome);
    }
    FARM_CO_TRY(co_await give_body(*exchange, asking, outcome));
    while (!final) {
      FARM_CO_TRY(const UpstreamHead head, co_await exchange->read_head());
      final = note(head, outcome);
    }
    Bytes piece(asking.read_bytes);
    while (outcome.body.size() < asking.stop_after) {
      FARM_CO_TRY(const std::size_t count, co_await exchange->read_body(piece));
      if (count == 0) break;
      outcome.body += as_text(ByteView(piece).first(count));
      if (self.on_body) self.on_body();
    }
    co_return ok();
  }

  static io::Task<Result<void>> give_body(UpstreamExchange& exchange, const Asking& asking,
                                          Outcome& outcome) {
    for (std::size_t i = 0; i < asking.repeat_pieces; ++i) {
      for (const std::string& piece : asking.pieces) {
        FARM_CO_TRY(co_await exchange.write_body(as_bytes(piece)));
        outcome.took_body = exchange.takes_body();
      }
    }
    co_return co_await exchange.end_body();
  }

  // Whether it is the final one.
  static bool note(const UpstreamHead& head, Outcome& outcome) {
    std::vector<std::string> lines;
    for (const HeaderView& header : head.headers) {
      lines.push_back(std::string(header.name) + ": " + std::string(header.value));
    }
    if (head.status < 200) {
      outcome.interim.push_back(std::to_string(head.status) + " " + std::string(head.reason));
      for (std::string& line : lines) outcome.interim.push_back(std::move(line));
      return false;
    }
    outcome.status = head.status;
    outcome.minor_version = head.minor_version;
    outcome.reason = head.reason;
    outcome.headers = std::move(lines);
    outcome.body_bytes = head.body_bytes;
    return true;
  }

  boost::asio::io_context context_;
  Upstreams upstreams_;
};

// One GET, as a coroutine of nobody's.
inline io::Task<void> read_all(Upstreams& upstreams, UpstreamServer server, std::string& body) {
  UpstreamRequest request;
  request.method = "GET";
  request.target = "/";
  request.head_lines = "Host: h\r\n";
  auto exchange = co_await upstreams.send(std::move(server), request);
  if (!exchange) co_return;
  const auto head = co_await exchange.value()->read_head();
  if (!head) co_return;
  Bytes piece(1000);
  for (;;) {
    const auto count = co_await exchange.value()->read_body(piece);
    if (!count || count.value() == 0) co_return;
    body += as_text(ByteView(piece).first(count.value()));
  }
}

class UpstreamTest : public ::testing::Test {
 protected:
  ~UpstreamTest() override { join(); }

  void serve(std::function<void()> script) {
    join();
    thread_ = std::thread(std::move(script));
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  // Takes one request, answers so, ends the connection.
  void answer_once(std::string text) {
    serve([this, text = std::move(text)] {
      RawClient connection = listener_.accept();
      (void)connection.receive();
      connection.send(text);
    });
  }

  static void answer(RawClient connection, std::string_view text) {
    (void)connection.receive();
    connection.send(text);
  }

  Outcome ask(Asking asking) { return asker_.ask(listener_.port(), std::move(asking)); }
  Outcome get(std::string method = "GET") {
    Asking asking;
    asking.method = std::move(method);
    return ask(std::move(asking));
  }

  RawListener listener_;
  Asker asker_;
  std::thread thread_;
};

}  // namespace farm::net::testing
