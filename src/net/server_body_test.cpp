// Request bodies through a real server: streamed, bounded, ignored, announced with Expect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "net/test_endpoints.h"

namespace farm::net {
namespace {

using namespace testing;
using ::testing::HasSubstr;

std::string hex(std::size_t number) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, 16).ptr;
  return {digits, end};
}

std::string chunked(const std::string& body, std::size_t chunk) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += chunk) {
    const std::string piece = body.substr(at, chunk);
    out += hex(piece.size()) + "\r\n" + piece + "\r\n";
  }
  return out + "0\r\n\r\n";
}

std::string announced(std::string_view path, std::size_t length, std::string_view extra = {}) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n" +
         std::string(extra) + "\r\n";
}

constexpr std::string_view kExpect = "Expect: 100-continue\r\n";

class ServerBodyTest : public ::testing::Test {
 protected:
  // Sends while the answer may be on its way already.
  RawResponse ask_while_sending(const std::string& head, std::size_t body_bytes) {
    std::thread sender([&] {
      const std::string piece(64 << 10, 'b');
      if (!client_.send(head)) return;
      for (std::size_t sent = 0; sent < body_bytes; sent += piece.size()) {
        if (!client_.send(std::string_view(piece).substr(0, body_bytes - sent))) return;
      }
    });
    RawResponse response = client_.receive();
    sender.join();
    return response;
  }

  std::unique_ptr<Server> server_ = start_server(test_config(), test_endpoints());
  RawClient client_{server_->address()};
};

TEST_F(ServerBodyTest, SizedBodiesComeWhole) {
  for (const std::size_t size : {0, 1, 1000, 4096, 100'000, 5'000'000}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 7);
    std::thread sender([&] { client_.send(post("/echo", body)); });
    ASSERT_EQ(client_.receive().body, body);
    sender.join();
  }
}

TEST_F(ServerBodyTest, ChunkedBodiesComeWhole) {
  for (const std::size_t chunk : {1, 7, 1000, 16384, 70'000}) {
    std::string body(chunk < 10 ? 3000 : 500'000, 'x');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7);
    std::thread sender([&] { client_.send(chunked_head("/echo") + chunked(body, chunk)); });
    ASSERT_EQ(client_.receive().body, body) << chunk;
    sender.join();
  }
  EXPECT_EQ(client_.ask(chunked_head("/echo") + "0\r\n\r\n").body, "");
}

TEST_F(ServerBodyTest, ABodyMayComeByteByByte) {
  for (const char c : post("/echo", "slow body") + chunked_head("/echo") + chunked("chunks", 4)) {
    ASSERT_TRUE(client_.send({&c, 1}));
  }
  EXPECT_EQ(client_.receive().body, "slow body");
  EXPECT_EQ(client_.receive().body, "chunks");
}

TEST_F(ServerBodyTest, LargeBodiesAreStreamed) {
  EXPECT_EQ(ask_while_sending(announced("/count", kLargeLimit), kLargeLimit).body,
            std::to_string(kLargeLimit));
  EXPECT_EQ(client_.ask(get("/hello")).body, "hello");
}

TEST_F(ServerBodyTest, ASizedBodyOverTheLimitIsRefusedAtOnce) {
  const RawResponse response = client_.ask(announced("/small", kSmallLimit + 1));
  EXPECT_EQ(response.status, 413) << "before any of it has come";
  EXPECT_THAT(response.body, HasSubstr("1000 bytes"));
  client_.send(std::string(kSmallLimit + 1, 'x') + get("/hello"));
  EXPECT_EQ(client_.receive().body, "hello") << "the rest was short enough to be skipped";
  EXPECT_EQ(client_.ask(post("/small", std::string(kSmallLimit, 'x'))).body, "1000");
}

TEST_F(ServerBodyTest, AHugeAnnouncedBodyIsRefusedAndTheAnswerArrives) {
  const RawResponse response =
      client_.ask(announced("/small", 18'446'744'073'709'551'615U) + std::string(10'000, 'x'));
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.find("Connection"), "close");
}

TEST_F(ServerBodyTest, AChunkedBodyOverTheLimitIsRefused) {
  EXPECT_EQ(client_.ask(chunked_head("/small") + chunked(std::string(kSmallLimit, 'x'), 300)).body,
            "1000");
  const RawResponse response =
      client_.ask(chunked_head("/small") + chunked(std::string(kSmallLimit + 1, 'x'), 300));
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.find("Connection"), "close");
}

TEST_F(ServerBodyTest, AMalformedChunkIsRefused) {
  for (const std::string body :
       {"x\r\n", "5\r\nhelloXY\r\n", "5\nhello\r\n", "-1\r\n", "10000000000000000\r\n"}) {
    RawClient client(server_->address());
    const RawResponse response = client.ask(chunked_head("/count") + body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(response.find("Connection"), "close");
  }
  RawClient client(server_->address());
  EXPECT_EQ(client.ask(chunked_head("/count") + "1;" + std::string(40'000, 'x')).status, 400);
}

TEST_F(ServerBodyTest, OnlyTheFirstAnswerIsSent) {
  client_.send(chunked_head("/stubborn") + "x\r\n\r\n");
  client_.end_sending();
  const std::string all = client_.receive_all();
  EXPECT_THAT(all, HasSubstr(" 400 "));
  EXPECT_THAT(all, Not(HasSubstr("second")));
}

TEST_F(ServerBodyTest, AShortBodyNobodyReadKeepsTheConnection) {
  EXPECT_EQ(client_.ask(post("/ignore", std::string(100'000, 'x'))).body, "hello");
  EXPECT_EQ(client_.ask(post("/nibble", std::string(100'000, 'x'))).body, "nibbled");
  EXPECT_EQ(client_.ask(chunked_head("/ignore") + chunked(std::string(9000, 'x'), 700)).body,
            "hello");
  EXPECT_EQ(client_.ask(chunked_head("/nibble") + chunked(std::string(9000, 'x'), 700)).body,
            "nibbled");
  EXPECT_EQ(client_.ask(get("/hello")).body, "hello");
}

TEST_F(ServerBodyTest, ALongBodyNobodyReadEndsTheConnectionAfterTheAnswer) {
  const RawResponse response = ask_while_sending(announced("/refuse", 20 << 20), 20 << 20);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.find("Connection"), "close");
  EXPECT_THAT(response.body, HasSubstr("not you"));
  client_.end_sending();
  EXPECT_TRUE(client_.ends());
}

// A client that reads nothing before it has sent everything finds the answer all the same.
TEST_F(ServerBodyTest, AnAnswerIsNotLostToABodyStillBeingSent) {
  ASSERT_TRUE(client_.send(announced("/refuse", 20 << 20)));
  EXPECT_TRUE(client_.send(std::string(20 << 20, 'x')));
  EXPECT_EQ(client_.receive().status, 401);
}

TEST_F(ServerBodyTest, ALongChunkedBodyNobodyReadEndsTheConnection) {
  ASSERT_TRUE(client_.send(chunked_head("/refuse") + chunked(std::string(2 << 20, 'x'), 50'000)));
  EXPECT_EQ(client_.receive().status, 401);
  client_.end_sending();
  EXPECT_TRUE(client_.ends());
}

TEST_F(ServerBodyTest, ContinueIsSentWhenTheBodyIsRead) {
  const RawResponse interim = client_.ask(announced("/echo", 4, kExpect));
  EXPECT_EQ(interim.head, "HTTP/1.1 100 Continue\r\n");
  EXPECT_EQ(client_.ask("body").body, "body");
  EXPECT_EQ(client_.ask(chunked_head("/echo", kExpect)).status, 100);
  EXPECT_EQ(client_.ask(chunked("body", 2)).body, "body");
  EXPECT_EQ(client_.ask(get("/hello")).body, "hello");
}

TEST_F(ServerBodyTest, ContinueIsNotSentWhenTheBodyIsRefused) {
  for (const std::string& head :
       {announced("/refuse", 4, kExpect), announced("/ignore", 4, kExpect),
        announced("/small", 5000, kExpect), announced("/none", 4, kExpect),
        chunked_head("/refuse", kExpect)}) {
    RawClient client(server_->address());
    const RawResponse response = client.ask(head);
    EXPECT_GE(response.status, 200) << head;
    EXPECT_EQ(response.find("Connection"), "close") << "whether the body comes is unknown";
    client.end_sending();
    EXPECT_TRUE(client.ends());
  }
}

TEST_F(ServerBodyTest, ContinueIsNotSentWhenTheBodyIsThere) {
  client_.send(announced("/echo", 4, kExpect) + "body");
  EXPECT_EQ(client_.receive().body, "body");
  EXPECT_EQ(client_.ask(get("/hello")).body, "hello");
}

TEST_F(ServerBodyTest, Http10KnowsNoContinue) {
  client_.send("POST /echo HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody");
  EXPECT_EQ(client_.receive().body, "body");
}

}  // namespace
}  // namespace farm::net
