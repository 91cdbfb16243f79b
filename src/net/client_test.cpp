#include "net/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "net/test_endpoints.h"

namespace farm::net {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

ClientRequest to(std::uint16_t port, std::string target, Method method = Method::kGet) {
  ClientRequest request;
  request.host = "127.0.0.1";
  request.port = port;
  request.target = std::move(target);
  request.method = method;
  return request;
}

std::string text_of(const Result<ClientResponse>& response) {
  if (!response) return "error: " + std::string(to_string(response.error().code));
  return std::string(response.value().text());
}

// ---- against the project's own server

class ClientTest : public ::testing::Test {
 protected:
  ClientRequest ask(std::string target, Method method = Method::kGet) const {
    return to(ntohs(socket_address(server_->address()).sin_port), std::move(target), method);
  }

  std::unique_ptr<Server> server_ = start_server(test_config(), test_endpoints());
  BlockingClient client_;
};

TEST_F(ClientTest, UsesOneConnectionForManyRequests) {
  const std::string peer = text_of(client_.send(ask("/peer")));
  EXPECT_THAT(peer, HasSubstr("127.0.0.1:"));
  for (int i = 0; i < 500; ++i) ASSERT_EQ(text_of(client_.send(ask("/peer"))), peer);
}

TEST_F(ClientTest, SendsBodiesAndHeaders) {
  const std::string body(300'000, 'b');
  ClientRequest request = ask("/echo", Method::kPost);
  request.headers = {{"X-Tab", "a\tb"}, {"Accept", "*/*"}};
  request.body = as_bytes(body);
  const auto response = client_.send(std::move(request));
  ASSERT_TRUE(response) << response.error().context;
  EXPECT_EQ(response.value().text(), body);
  EXPECT_EQ(response.value().find("content-length"), "300000");
  EXPECT_EQ(response.value().find("none"), std::nullopt);
  EXPECT_EQ(text_of(client_.send(ask("/echo", Method::kPost))), "");
}

TEST_F(ClientTest, UnderstandsAnswersWithoutABody) {
  const auto head = client_.send(ask("/big", Method::kHead));
  ASSERT_TRUE(head) << head.error().context;
  EXPECT_EQ(head.value().find("Content-Length"), std::to_string(kBigBytes));
  EXPECT_TRUE(head.value().body.empty());
  EXPECT_EQ(client_.send(ask("/unmodified")).value().status, 304);
  EXPECT_EQ(text_of(client_.send(ask("/hello"))), "hello");
}

TEST_F(ClientTest, ReadsTheAnswerToABodyThatWasRefused) {
  const std::string body(20 << 20, 'b');
  ClientRequest request = ask("/refuse", Method::kPost);
  request.body = as_bytes(body);
  const auto response = client_.send(std::move(request));
  ASSERT_TRUE(response) << response.error().context;
  EXPECT_EQ(response.value().status, 401);
  EXPECT_EQ(text_of(client_.send(ask("/hello"))), "hello");
}

TEST_F(ClientTest, AServerThatWasStartedAnewIsFoundEvenByAPost) {
  EXPECT_EQ(text_of(client_.send(ask("/hello"))), "hello");
  const std::string address = server_->address();
  server_.reset();
  auto again = Server::start(test_config(), address, test_endpoints());
  ASSERT_TRUE(again) << again.error().context;
  server_ = std::move(again).value();
  ClientRequest request = ask("/echo", Method::kPost);
  request.body = as_bytes("body");
  EXPECT_EQ(text_of(client_.send(std::move(request))), "body");
}

TEST_F(ClientTest, RefusesToSendWhatWouldForgeARequest) {
  std::vector<ClientRequest> requests(7, ask("/hello"));
  requests[0].target = "/a HTTP/1.1\r\nX: y\r\n\r\n";
  requests[1].target = "/a b";
  requests[2].target = "";
  requests[3].host = "h\r\nX: y";
  requests[4].headers = {{"X", "a\r\nY: b"}};
  requests[5].headers = {{"X: y\r\nZ", "a"}};
  requests[6].headers = {{"", "a"}};
  for (ClientRequest& request : requests) {
    EXPECT_EQ(text_of(client_.send(std::move(request))), "error: invalid argument");
  }
}

io::Task<void> send_and_count(Client& client, ClientRequest request, int& good) {
  const auto response = co_await client.send(std::move(request));
  if (response && response.value().text() == "hello") ++good;
}

TEST_F(ClientTest, ManyAtOnceShareAPool) {
  for (const std::size_t max_idle : {0, 2, 100}) {
    boost::asio::io_context context;
    ClientConfig config;
    config.max_idle_per_host = max_idle;
    Client client(context.get_executor(), config);
    int good = 0;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 30; ++i) {
        boost::asio::co_spawn(context, send_and_count(client, ask("/hello"), good),
                              boost::asio::detached);
      }
      context.run();
      context.restart();
    }
    EXPECT_EQ(good, 90);
  }
}

TEST_F(ClientTest, MayGoWhileARequestRuns) {
  boost::asio::io_context context;
  int good = 0;
  {
    Client client(context.get_executor(), {});
    boost::asio::co_spawn(context, send_and_count(client, ask("/hello"), good),
                          boost::asio::detached);
    context.run_one();
  }
  context.run();
  EXPECT_EQ(good, 1);
}

// ---- against servers that do odd things

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

class ClientOddTest : public ::testing::Test {
 protected:
  ~ClientOddTest() override {
    if (thread_.joinable()) thread_.join();
  }

  void serve(std::function<void()> script) { thread_ = std::thread(std::move(script)); }

  // Takes one request, answers so, ends the connection.
  void answer_once(std::string text) {
    serve([this, text = std::move(text)] {
      RawClient connection = listener_.accept();
      (void)connection.receive();
      connection.send(text);
    });
  }

  Result<ClientResponse> get(Method method = Method::kGet) {
    return client_.send(to(listener_.port(), "/", method));
  }

  RawListener listener_;
  ClientConfig config_ = [] {
    ClientConfig config;
    config.max_response_bytes = 1000;
    return config;
  }();
  BlockingClient client_{config_};
  std::thread thread_;
};

TEST_F(ClientOddTest, APooledConnectionThatEndsUnderARequestIsReplaced) {
  serve([this] {
    {
      RawClient first = listener_.accept();
      (void)first.receive();
      first.send(kHello);
      (void)first.receive();
    }
    RawClient second = listener_.accept();
    (void)second.receive();
    second.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
  });
  EXPECT_EQ(text_of(get()), "hello");
  EXPECT_EQ(text_of(get()), "second");
}

TEST_F(ClientOddTest, WhatMayNotBeRepeatedIsNot) {
  serve([this] {
    RawClient first = listener_.accept();
    (void)first.receive();
    first.send(kHello);
    (void)first.receive();
  });
  EXPECT_EQ(text_of(get()), "hello");
  EXPECT_EQ(text_of(get(Method::kPost)), "error: closed");
}

TEST_F(ClientOddTest, AFreshConnectionThatEndsIsAnError) {
  serve([this] { (void)listener_.accept().receive(); });
  EXPECT_EQ(text_of(get()), "error: closed");
}

TEST_F(ClientOddTest, AConnectionWithAnythingLeftOverIsNotUsedAgain) {
  serve([this] {
    RawClient first = listener_.accept();
    (void)first.receive();
    first.send(std::string(kHello) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    RawClient second = listener_.accept();
    (void)second.receive();
    second.send(kHello);
  });
  EXPECT_EQ(text_of(get()), "hello");
  EXPECT_EQ(text_of(get()), "hello");
}

TEST_F(ClientOddTest, ChunkedAnswers) {
  answer_once(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n"
      "T: x\r\n\r\n");
  EXPECT_EQ(text_of(get()), "hello");
}

TEST_F(ClientOddTest, AnswersThatEndWithTheConnection) {
  answer_once("HTTP/1.0 200 OK\r\n\r\nhello");
  EXPECT_EQ(text_of(get()), "hello");
}

TEST_F(ClientOddTest, InterimAnswersAreSkipped) {
  answer_once("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
              std::string(kHello));
  EXPECT_EQ(text_of(get()), "hello");
}

TEST_F(ClientOddTest, AnswersOverTheBound) {
  answer_once("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'));
  EXPECT_EQ(text_of(get()), "error: too large");
  thread_.join();
  answer_once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
              std::string(1001, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(text_of(get()), "error: too large");
  thread_.join();
  answer_once("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_EQ(text_of(get()), std::string(1000, 'x'));
}

TEST_F(ClientOddTest, AnswersThatAreCutShort) {
  answer_once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  EXPECT_EQ(text_of(get()), "error: closed");
  thread_.join();
  answer_once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  EXPECT_EQ(text_of(get()), "error: closed");
  thread_.join();
  answer_once("HTTP/1.1 200 OK\r\nContent-Le");
  EXPECT_EQ(text_of(get()), "error: closed");
}

TEST_F(ClientOddTest, AnswersThatAreNoHttp) {
  for (const std::string text : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    answer_once(text);
    EXPECT_EQ(text_of(get()), "error: corrupt") << text;
    thread_.join();
  }
}

TEST_F(ClientOddTest, AServerThatDoesNotAnswerIsGivenUp) {
  config_.request_timeout = 300ms;
  BlockingClient client(config_);
  serve([this] {
    RawClient silent = listener_.accept();
    (void)silent.receive();
    (void)silent.receive();
    RawClient dripping = listener_.accept();
    (void)dripping.receive();
    dripping.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    dripping.drip("x");
  });
  EXPECT_EQ(text_of(client.send(to(listener_.port(), "/"))), "error: timed out");
  EXPECT_EQ(text_of(client.send(to(listener_.port(), "/"))), "error: timed out");
}

TEST(Client, TellsThatNobodyListens) {
  std::uint16_t port = 0;
  {
    const RawListener listener;
    port = listener.port();
  }
  BlockingClient client;
  const auto response = client.send(to(port, "/"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(response.error().context, HasSubstr("127.0.0.1:" + std::to_string(port)));
}

std::string parsed(std::string_view url) {
  const auto parts = parse_server_url(url);
  if (!parts) return std::string(to_string(parts.error().code));
  const ServerUrl& at = parts.value();
  return at.host + " " + std::to_string(at.port) + " " + at.target;
}

TEST(ServerUrls, AreTakenApart) {
  EXPECT_EQ(parsed("http://127.0.0.1:8080"), "127.0.0.1 8080 /");
  EXPECT_EQ(parsed("http://img.example.com/a?b"), "img.example.com 80 /a?b");
  EXPECT_EQ(parsed("http://[::1]:8080/x"), "::1 8080 /x");
  EXPECT_EQ(parsed("http://[::1]"), "::1 80 /");
}

TEST(ServerUrls, NothingElseIsOne) {
  for (const std::string_view url : {"",
                                     "http://",
                                     "http:///a",
                                     "https://h",
                                     "ftp://h",
                                     "h:80",
                                     "127.0.0.1:8080",
                                     "http://h:",
                                     "http://h:0",
                                     "http://h:65536",
                                     "http://h:8x",
                                     "http://h:-1",
                                     "http://u@h",
                                     "http://h?a",
                                     "http://h#a",
                                     "http://h/a#b",
                                     "http://h/a b",
                                     "http://h i",
                                     "http://h/\r\nX: y",
                                     "http://[::1",
                                     "http://::1:80",
                                     "http:/h"}) {
    EXPECT_EQ(parsed(url), "invalid argument") << url;
  }
}

}  // namespace
}  // namespace farm::net
