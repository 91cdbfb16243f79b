// Endpoints that answer at once, without a coroutine, through a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "net/test_endpoints.h"
#include "obs/metrics.h"

namespace farm::net {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr std::string_view kEnd = " HTTP/1.1\r\nHost: h\r\n\r\n";
std::string get(const std::string& path) { return "GET " + path + std::string(kEnd); }

void answer_now(Exchange& exchange) {
  exchange.head().start(200);
  exchange.send_now(as_bytes("at once"));
}
void answer_ready(Exchange& exchange) {
  ++kept_alive;
  const ByteView body = as_bytes(ready_body());
  const bool is_short = exchange.request().has_query;
  exchange.send_ready(
      {.status = 200, .head = "HTTP/1.1 200 OK\r\n", .body = is_short ? body.first(8) : body},
      Keep(&kept_alive, [](const void*) { --kept_alive; }));
}
void throw_late(Exchange& exchange) {
  answer_now(exchange);
  throw std::runtime_error("thrown on purpose");
}

class AtOnceTest : public ::testing::Test {
 protected:
  static EndpointTable endpoints() {
    EndpointTable table = test_endpoints();
    add(table, "/now", answer_now);
    add(table, "/kept", answer_ready);
    add(table, "/declines", [](Exchange&) {});
    add(table, "/throws-first", [](Exchange&) { throw std::runtime_error("on purpose"); });
    add(table, "/throws-42-first", [](Exchange&) { throw 42; });
    add(table, "/throws-late", throw_late);
    return table;
  }
  static void add(EndpointTable& table, std::string path, std::function<void(Exchange&)> at_once) {
    table.add({.method = Method::kGet,
               .pattern = path,
               .name = path,
               .handle = hello,
               .at_once = std::move(at_once)});
  }

  std::unique_ptr<Server> server_ = start_server(test_config(), endpoints());
  RawClient client_{server_->address()};
};

TEST_F(AtOnceTest, TheHandlerAnswersWhereNothingWasAnsweredAtOnce) {
  EXPECT_EQ(client_.ask(get("/now")).body, "at once");
  EXPECT_EQ(client_.ask(get("/declines")).body, "hello");
  EXPECT_EQ(client_.ask(get("/throws-first")).body, "hello");
  EXPECT_EQ(client_.ask(get("/throws-42-first")).body, "hello");
  EXPECT_EQ(client_.ask(get("/throws-late")).body, "at once");
  EXPECT_EQ(client_.ask(get("/kept?short")).body, "rrrrrrrr");
  EXPECT_EQ(client_.ask(get("/now")).body, "at once");
  EXPECT_EQ(kept_alive, 0);
}

TEST_F(AtOnceTest, PipelinedRequestsAreAnsweredInTheirOrder) {
  std::string all;
  for (int i = 0; i < 100; ++i) {
    all += get("/now") + get("/hello") + get("/kept?short") + get("/declines") + get("/unknown");
  }
  client_.send(all);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client_.receive().body, "at once") << i;
    ASSERT_EQ(client_.receive().body, "hello") << i;
    ASSERT_EQ(client_.receive().body, "rrrrrrrr") << i;
    ASSERT_EQ(client_.receive().body, "hello") << i;
    ASSERT_EQ(client_.receive().status, 404) << i;
  }
  EXPECT_EQ(kept_alive, 0);
}

TEST_F(AtOnceTest, AClientThatDoesNotWaitForAnswersGetsThemAll) {
  std::string all;
  for (int i = 0; i < 1000; ++i) all += get("/now");
  client_.send(all);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(client_.receive().body, "at once") << i;
}

TEST_F(AtOnceTest, WhatTheSocketDoesNotTakeComesBeforeTheNextAnswer) {
  client_.send(get("/kept") + get("/now") + get("/kept") + get("/now"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(client_.receive().body == ready_body());
    EXPECT_EQ(client_.receive().body, "at once");
  }
  EXPECT_EQ(kept_alive, 0);
}

TEST_F(AtOnceTest, AHeadMayComeByteByByte) {
  for (const std::string& text : {get("/now"), "\r\n" + get("/declines")}) {
    for (const char c : text) client_.send({&c, 1});
    EXPECT_EQ(client_.receive().status, 200);
  }
}

TEST_F(AtOnceTest, TheLastAnswerEndsTheConnection) {
  client_.send("GET /now HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + get("/now"));
  const std::string all = client_.receive_all();
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(all.ends_with("\r\n\r\nat once")) << all;
  EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos) << "what came behind it is not answered";
}

TEST_F(AtOnceTest, WhatAClientDidNotWaitForIsGivenBack) {
  client_.send(get("/kept"));
  client_.close();
  server_->stop();
  EXPECT_EQ(kept_alive, 0);
}

TEST_F(AtOnceTest, IsCountedLikeAnyOther) {
  client_.ask(get("/now"));
  client_.ask(get("/declines"));
  server_->stop();
  obs::Metrics metrics;
  metrics.collect([this](obs::Samples& out) { server_->collect(out); });
  const std::string text = metrics.scrape();
  EXPECT_THAT(text, HasSubstr("route=\"/now\",status=\"200\"} 1"));
  EXPECT_THAT(text, HasSubstr("route=\"/declines\",status=\"200\"} 1"));
}

}  // namespace
}  // namespace farm::net
