#include "net/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "net/test_endpoints.h"

namespace farm::net {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Server> server_ = start_server(test_config(), test_endpoints());
  RawClient client_{server_->address()};
};

TEST_F(ServerTest, AnswersWithTheHeadersThatFramingNeeds) {
  const RawResponse response = client_.ask(get("/hello"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_THAT(response.head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(response.find("Content-Length"), "5");
  EXPECT_EQ(response.find("Date").size(), 29U);
  EXPECT_EQ(response.find("Connection"), "none");
}

TEST_F(ServerTest, KeepsTheConnection) {
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    EXPECT_EQ(client_.ask(get("/of/" + n + "/and/x%20y?q=1")).body, n + ",x%20y");
  }
}

TEST_F(ServerTest, AnswersManyRequestsOfOneWriteInOrder) {
  constexpr int kRequests = 2000;  // far more bytes than a head may have
  std::string all;
  for (int i = 0; i < kRequests; ++i) all += get("/of/" + std::to_string(i) + "/and/z");
  std::thread sender([&] { client_.send(all); });
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_EQ(client_.receive().body, std::to_string(i) + ",z");
  }
  sender.join();
}

TEST_F(ServerTest, ARequestMayComeByteByByte) {
  for (const char c : get("/of/slow/and/steady")) ASSERT_TRUE(client_.send({&c, 1}));
  EXPECT_EQ(client_.receive().body, "slow,steady");
}

TEST_F(ServerTest, PipelinedBodiesAreNotTakenForRequests) {
  const std::string disguised = get("/of/not/and/me");
  client_.send(post("/echo", disguised) + chunked_head("/echo") + "28\r\n" + disguised +
               "\r\n0\r\nTrailer: x\r\n\r\n" + post("/ignore", disguised) + get("/hello"));
  EXPECT_EQ(client_.receive().body, disguised);
  EXPECT_EQ(client_.receive().body, disguised);
  EXPECT_EQ(client_.receive().body, "hello");
  EXPECT_EQ(client_.receive().body, "hello");
  EXPECT_FALSE(client_.has_something());
}

TEST_F(ServerTest, HeadHasTheHeadOnly) {
  client_.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\nHEAD /pieces HTTP/1.1\r\nHost: h\r\n\r\n" +
               get("/hello"));
  for (const std::string length : {"5", "9"}) {
    const RawResponse response = client_.receive(Method::kHead);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.find("Content-Length"), length);
  }
  EXPECT_EQ(client_.receive().body, "hello") << "right behind the heads";
}

TEST_F(ServerTest, ResponsesInPiecesAndWithoutABody) {
  EXPECT_EQ(client_.ask(get("/pieces")).body, "onetwosix");
  const RawResponse unmodified = client_.ask(get("/unmodified"));
  EXPECT_EQ(unmodified.status, 304);
  EXPECT_EQ(unmodified.find("Content-Length"), "none");
  EXPECT_EQ(client_.ask(get("/hello")).body, "hello");
}

TEST_F(ServerTest, AResponseThatEndsEarlyEndsTheConnection) {
  client_.send(get("/cut-short") + get("/hello"));
  const std::string all = client_.receive_all();
  EXPECT_THAT(all, HasSubstr("Content-Length: 1000\r\n"));
  EXPECT_THAT(all, Not(HasSubstr("hello"))) << "it would be taken for the rest";
}

TEST_F(ServerTest, NothingBeyondTheAnnouncedLengthIsSent) {
  client_.send(get("/overlong") + get("/hello"));
  const std::string all = client_.receive_all();
  EXPECT_THAT(all, ::testing::EndsWith("\r\n\r\ngood"));
}

TEST_F(ServerTest, ALargeResponseComesWhole) {
  const RawResponse response = client_.ask(get("/big"));
  EXPECT_EQ(response.body.size(), kBigBytes);
  EXPECT_EQ(client_.ask(get("/hello")).body, "hello");
}

TEST_F(ServerTest, UnknownPathsAndMethods) {
  EXPECT_EQ(client_.ask(get("/none")).status, 404);
  EXPECT_EQ(client_.ask(post("/none", "body")).status, 404);
  const RawResponse response = client_.ask(post("/hello", "body"));
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.find("Allow"), "GET, HEAD");
  EXPECT_EQ(response.find("Content-Type"), "application/problem+json");
  EXPECT_EQ(client_.ask(get("/echo")).find("Allow"), "POST");
  EXPECT_EQ(client_.ask("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").status, 404);
}

TEST_F(ServerTest, AHandlerThatFailsDoesNotEndTheServer) {
  for (const std::string path : {"/throws", "/throws-42", "/silent", "/large-head"}) {
    RawClient client(server_->address());
    const RawResponse response = client.ask(get(path));
    EXPECT_EQ(response.status, 500) << path;
    EXPECT_THAT(response.body, Not(HasSubstr("on purpose"))) << "details stay in the log";
    EXPECT_EQ(response.find("Connection"), "close") << path;
    EXPECT_TRUE(client.ends()) << path;
  }
  EXPECT_EQ(client_.ask(get("/hello")).body, "hello");
}

TEST_F(ServerTest, MalformedRequestsAreAnsweredAndTheConnectionEnds) {
  const std::pair<std::string, int> cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\n\r\n", 505},
      {"GET /" + std::string(100'000, 'x'), 414},
      {get("/").substr(0, 25) + "A: " + std::string(100'000, 'x'), 431},
      {"\x16\x03\x01", 400}};
  for (const auto& [text, status] : cases) {
    RawClient client(server_->address());
    client.send(text);
    const RawResponse response = client.receive();
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.find("Connection"), "close");
    client.end_sending();
    EXPECT_TRUE(client.ends());
  }
}

TEST_F(ServerTest, WhatFollowsAMalformedRequestIsNotServed) {
  client_.send(get("/hello") + "BAD\r\n\r\n" + get("/of/evil/and/evil"));
  client_.end_sending();
  const std::string all = client_.receive_all();
  EXPECT_THAT(all, HasSubstr("hello"));
  EXPECT_THAT(all, HasSubstr(" 400 "));
  EXPECT_THAT(all, Not(HasSubstr("evil")));
}

TEST_F(ServerTest, Http10EndsUnlessToldOtherwise) {
  const RawResponse kept = client_.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.find("Connection"), "keep-alive");
  const RawResponse last = client_.ask("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(last.body, "hello");
  EXPECT_EQ(last.find("Connection"), "close");
  EXPECT_TRUE(client_.ends());
}

TEST_F(ServerTest, EitherSideMayEndTheConnection) {
  const RawResponse asked =
      client_.ask("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(asked.find("Connection"), "close");
  EXPECT_TRUE(client_.ends());
  RawClient other(server_->address());
  EXPECT_EQ(other.ask(get("/last")).find("Connection"), "close");
  EXPECT_TRUE(other.ends());
}

TEST_F(ServerTest, AHalfClosedClientGetsItsAnswers) {
  client_.send(get("/hello") + post("/echo", "body") + get("/big"));
  client_.end_sending();
  EXPECT_EQ(client_.receive().body, "hello");
  EXPECT_EQ(client_.receive().body, "body");
  EXPECT_EQ(client_.receive().body.size(), kBigBytes);
  EXPECT_TRUE(client_.ends());
}

TEST_F(ServerTest, ClientsThatLeaveDoNoHarm) {
  for (const std::string& text :
       {std::string(), std::string("GET /hel"), get("/big"), post("/count", "x").substr(0, 60),
        chunked_head("/count") + "5\r\nhe", get("/hello") + get("/big") + get("/big")}) {
    RawClient client(server_->address());
    client.send(text);
    client.close();
  }
  EXPECT_EQ(client_.ask(get("/hello")).body, "hello");
}

TEST_F(ServerTest, ServesManyConnectionsAtOnce) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 200; ++i) clients.emplace_back(server_->address());
  for (int round = 0; round < 5; ++round) {
    for (RawClient& client : clients) client.send(get("/hello") + post("/echo", "body"));
    for (RawClient& client : clients) {
      ASSERT_EQ(client.receive().body, "hello");
      ASSERT_EQ(client.receive().body, "body");
    }
  }
}

TEST_F(ServerTest, ServesClientsOfManyThreads) {
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        RawClient client(server_->address());
        const std::string body(1000 * static_cast<std::size_t>(i), 'b');
        if (client.ask(post("/echo", body)).body == body) ++good;
        if (client.ask(get("/pieces")).body == "onetwosix") ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 8 * 20 * 2);
}

TEST(ServerStart, RefusesAddressesThatAreNone) {
  for (const std::string address :
       {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
        "host.invalid:80", "[::1:80", "127.0.0.1:80x", "1.2.3:80"}) {
    const auto server = Server::start(test_config(), address, test_endpoints());
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().code, ErrorCode::kInvalidArgument) << address;
  }
}

TEST(ServerStart, RefusesAnAddressThatIsTaken) {
  const auto first = start_server(test_config(), test_endpoints());
  const auto second = Server::start(test_config(), first->address(), test_endpoints());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().context, HasSubstr(first->address()));
}

TEST(ServerStart, TakesANameForThisMachine) {
  const auto server = Server::start(test_config(), "localhost:0", test_endpoints());
  ASSERT_TRUE(server);
  EXPECT_THAT(server.value()->address(), StartsWith("127.0.0.1:"));
  EXPECT_EQ(server.value()->threads(), 2U);
}

}  // namespace
}  // namespace farm::net
