// What the streaming client sends, and how it keeps, replaces and gives up connections.
#include "net/upstream_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include <boost/asio/detached.hpp>

#include "net/test_upstream.h"

namespace farm::net {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kClosing =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

class UpstreamRequestTest : public UpstreamTest {
 protected:
  // A connection of the server's, with the whole request that came over it.
  std::string take_all(std::string_view answer) {
    RawClient connection = listener_.accept();
    std::string got = connection.receive_until(end_);
    connection.send(answer);
    return got;
  }
  static Asking with_body(std::vector<std::string> pieces) {
    Asking asking;
    asking.method = "POST";
    asking.pieces = std::move(pieces);
    return asking;
  }
  // Reads nothing, and closes when the client has.
  static void wait_for_end(const RawClient& connection) {
    pollfd poll_for{connection.socket(), POLLRDHUP, 0};
    EXPECT_EQ(poll(&poll_for, 1, 30'000), 1);
  }
  std::string end_ = "\r\n\r\n";
};

// ---- what is sent

TEST_F(UpstreamRequestTest, TheHeadIsSentAsGiven) {
  std::string got;
  serve([&] { got = take_all(kHello); });
  Asking asking;
  asking.method = "X-Ask";
  asking.target = "/a%20b?c=d";
  asking.head_lines = "Host: img.example.com\r\nX-A: b\tc\r\nEmpty:\r\n";
  EXPECT_EQ(ask(std::move(asking)).body, "hello");
  join();
  EXPECT_EQ(got,
            "X-Ask /a%20b?c=d HTTP/1.1\r\nHost: img.example.com\r\nX-A: b\tc\r\nEmpty:\r\n\r\n");
}

TEST_F(UpstreamRequestTest, ABodyWithALength) {
  std::string got;
  end_ = "!";
  serve([&] { got = take_all(kHello); });
  Asking asking = with_body({"hello ", "", "world!"});
  asking.content_length = 12;
  const Outcome outcome = ask(std::move(asking));
  EXPECT_EQ(outcome.body, "hello") << outcome.context;
  join();
  EXPECT_EQ(got, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\nhello world!");
}

TEST_F(UpstreamRequestTest, AnEmptyBodyWithALength) {
  std::string got;
  serve([&] { got = take_all(kHello); });
  Asking asking = with_body({});
  asking.content_length = 0;
  EXPECT_EQ(ask(std::move(asking)).body, "hello");
  join();
  EXPECT_EQ(got, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(asker_.figures().idle, 1U);
}

TEST_F(UpstreamRequestTest, AChunkedBody) {
  std::string got;
  end_ = "0\r\n\r\n";
  serve([&] { got = take_all(kHello); });
  Asking asking = with_body({"hello ", "", std::string(26, 'x')});
  asking.chunked = true;
  EXPECT_EQ(ask(std::move(asking)).body, "hello");
  join();
  EXPECT_EQ(got,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            "6\r\nhello \r\n1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n");
  EXPECT_EQ(asker_.figures().idle, 1U);
}

TEST_F(UpstreamRequestTest, ABodyOfAnotherLengthThanToldEndsTheConnection) {
  for (const std::uint64_t told : {4U, 6U}) {
    std::string got;
    serve([&] { got = listener_.accept().receive_all(); });
    Asking asking = with_body({"hello"});
    asking.content_length = told;
    EXPECT_EQ(ask(std::move(asking)).error, "invalid argument");
    join();
    EXPECT_THAT(got, HasSubstr("Content-Length: " + std::to_string(told) + "\r\n\r\n"));
  }
  EXPECT_EQ(asker_.figures().open, 0U);
}

TEST_F(UpstreamRequestTest, WhatWouldForgeARequestIsNotSent) {
  std::vector<Asking> askings(23);
  askings[0].target = "/a HTTP/1.1\r\nX: y\r\n\r\n";
  askings[1].target = "/a b";
  askings[2].target = "";
  askings[3].method = "GET /";
  askings[4].method = "";
  askings[5].method = "CONNECT";
  askings[6].head_lines = "Host: h\r\n\r\nGET / HTTP/1.1\r\n";
  askings[7].head_lines = "Host: h\r\nA: b";
  askings[8].head_lines = "Host: h\r\nA: b\n";
  askings[9].head_lines = "Host: h\r\nA: b\nC: d\r\n";
  askings[10].head_lines = "Host: h\r\nA: b\rC: d\r\n";
  askings[11].head_lines = "Host: h\r\n A: b\r\n";
  askings[12].head_lines = "Host: h\r\nA : b\r\n";
  askings[13].head_lines = "Host: h\r\nA\r\n";
  askings[14].head_lines = "Host: h\r\n: b\r\n";
  askings[15].head_lines = "Host: h\r\nContent-length: 5\r\n";
  askings[16].head_lines = "Host: h\r\nTransfer-Encoding: chunked\r\n";
  askings[17].head_lines = "Host: h\r\nHost: h\r\n";
  askings[18].head_lines = "A: b\r\n";
  askings[19].head_lines = "";
  askings[20].chunked = true;
  askings[20].content_length = 5;
  askings[21].head_lines = std::string("Host: h\r\nA: \0\r\n", 15);
  askings[22].target = "/a#b";
  for (Asking& asking : askings) {
    EXPECT_EQ(ask(asking).error, "invalid argument") << asking.target << asking.head_lines;
  }
  EXPECT_EQ(asker_.figures().connects, 0U);
}

// ---- answers that come before the body has been written

TEST_F(UpstreamRequestTest, ContinueIsWaitedForBeforeTheBody) {
  std::string got;
  serve([&] {
    RawClient connection = listener_.accept();
    got = connection.receive_until("\r\n\r\n");
    connection.send("HTTP/1.1 100 Continue\r\n\r\n");
    got += connection.receive_until("body");
    connection.send(kHello);
  });
  Asking asking = with_body({"body"});
  asking.head_lines = "Host: h\r\nExpect: 100-continue\r\n";
  asking.content_length = 4;
  asking.head_first = true;
  const Outcome outcome = ask(std::move(asking));
  EXPECT_THAT(outcome.interim, ::testing::ElementsAre("100 Continue"));
  EXPECT_EQ(outcome.body, "hello");
  EXPECT_EQ(asker_.figures().idle, 1U);
}

TEST_F(UpstreamRequestTest, ABodyThatIsRefusedInPlaceOfContinueIsNotSent) {
  std::string got;
  serve([&] {
    RawClient connection = listener_.accept();
    connection.receive_until("\r\n\r\n");
    connection.send("HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno");
    got = connection.receive_all();
  });
  Asking asking = with_body({"body"});
  asking.content_length = 4;
  asking.head_first = true;
  const Outcome outcome = ask(std::move(asking));
  EXPECT_EQ(outcome.status, 417);
  EXPECT_EQ(outcome.body, "no");
  join();
  EXPECT_EQ(got, "");  // the connection, in the middle of a request, was not kept
  EXPECT_EQ(asker_.figures().open, 0U);
}

// The server reads nothing of the body, and keeps the connection.
TEST_F(UpstreamRequestTest, AnAnswerEndsABodyThatIsStuck) {
  for (const bool chunked : {false, true}) {
    serve([&] {
      RawClient connection = listener_.accept();
      connection.receive_until("\r\n\r\n");
      connection.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 413 Too Large\r\n");
      connection.send("Content-Length: 2\r\n\r\nno");
      wait_for_end(connection);
    });
    Asking asking = with_body({std::string(1 << 20, 'b')});
    asking.repeat_pieces = 64;
    asking.chunked = chunked;
    if (!chunked) asking.content_length = 64 << 20;
    const Outcome outcome = ask(std::move(asking));
    EXPECT_EQ(outcome.status, 413) << outcome.context;
    EXPECT_EQ(outcome.body, "no");
    EXPECT_FALSE(outcome.took_body);
  }
}

TEST_F(UpstreamRequestTest, AnAnswerIsReadThoughTheServerHasGone) {
  serve([&] {
    RawClient connection = listener_.accept();
    connection.receive_until("\r\n\r\n");
    connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    connection.end_sending();
    while (connection.has_something(100)) {
      char some[1000];
      if (::recv(connection.socket(), some, sizeof some, 0) <= 0) break;
    }
  });  // closed with bytes unread: a reset
  Asking asking = with_body({std::string(1 << 20, 'b')});
  asking.repeat_pieces = 64;
  asking.content_length = 64 << 20;
  const Outcome outcome = ask(std::move(asking));
  EXPECT_EQ(outcome.status, 413) << outcome.context;
  EXPECT_EQ(outcome.body, "no");
}

TEST_F(UpstreamRequestTest, AServerThatGoesUnderABodyIsToldByReadHead) {
  serve([&] {
    RawClient connection = listener_.accept();
    connection.receive_until("\r\n\r\n");
  });
  Asking asking = with_body({std::string(1 << 20, 'b')});
  asking.repeat_pieces = 64;
  asking.chunked = true;
  const Outcome outcome = ask(std::move(asking));
  EXPECT_EQ(outcome.error, "closed");
  EXPECT_FALSE(outcome.took_body);
  EXPECT_EQ(asker_.figures().failures, 1U);
}

// An early success is no refusal: what streams through a server may come back while it goes.
TEST_F(UpstreamRequestTest, ABodyGoesOnBehindAnEarlySuccess) {
  std::size_t got = 0;
  serve([&] {
    RawClient connection = listener_.accept();
    connection.receive_until("\r\n\r\n");
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    got = connection.receive_until("!").size();
    connection.send("hello");
  });
  Asking asking = with_body({std::string(8 << 20, 'b'), "!"});
  asking.content_length = (8 << 20) + 1;
  const Outcome outcome = ask(std::move(asking));
  EXPECT_EQ(outcome.body, "hello") << outcome.context;
  EXPECT_TRUE(outcome.took_body);
  join();
  EXPECT_EQ(got, (8U << 20U) + 1);
  EXPECT_EQ(asker_.figures().idle, 1U);
}

// ---- connections

TEST_F(UpstreamRequestTest, OneConnectionServesManyRequests) {
  serve([this] {
    RawClient connection = listener_.accept();
    for (int i = 0; i < 100; ++i) {
      (void)connection.receive();
      connection.send(i % 2 == 0 ? kHello
                                 : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "5\r\nhello\r\n0\r\n\r\n");
    }
  });
  for (int i = 0; i < 100; ++i) ASSERT_EQ(get().body, "hello");
  EXPECT_EQ(asker_.figures().connects, 1U);
  EXPECT_EQ(asker_.figures().reuses, 99U);
  EXPECT_EQ(asker_.figures().open, 1U);
  EXPECT_EQ(asker_.figures().idle, 1U);
  EXPECT_EQ(asker_.figures().failures, 0U);
}

TEST_F(UpstreamRequestTest, WhatAServerWantsClosedIsNotKept) {
  for (const std::string_view answer :
       {kClosing, std::string_view("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        std::string_view(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, CLOSE\r\n\r\nhello"),
        std::string_view("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!"),
        std::string_view("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
        std::string_view("HTTP/1.1 200 OK\r\n\r\nhello")}) {
    answer_once(std::string(answer));
    EXPECT_EQ(get().body, "hello") << answer;
    EXPECT_EQ(asker_.figures().open, 0U) << answer;
  }
}

TEST_F(UpstreamRequestTest, AnOldServerThatKeepsConnectionsIsReused) {
  serve([this] {
    RawClient connection = listener_.accept();
    for (int i = 0; i < 2; ++i) {
      (void)connection.receive();
      connection.send(
          "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello");
    }
  });
  EXPECT_EQ(get().body, "hello");
  EXPECT_EQ(get().body, "hello");
  EXPECT_EQ(asker_.figures().connects, 1U);
}

TEST_F(UpstreamRequestTest, AnExchangeThatIsLeftEarlyClosesItsConnection) {
  serve([this] {
    RawClient connection = listener_.accept();
    (void)connection.receive();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    EXPECT_TRUE(connection.ends());
  });
  Asking asking;
  asking.stop_after = 5;
  EXPECT_EQ(ask(std::move(asking)).body, "hello");
  EXPECT_EQ(asker_.figures().open, 0U);
}

// What nobody asked for, and might be taken for the next answer.
TEST_F(UpstreamRequestTest, AConnectionThatIsNotQuietIsNotUsedAgain) {
  std::atomic<int> step{0};
  serve([&] {
    {
      RawClient first = listener_.accept();
      (void)first.receive();
      first.send(kHello);
      step.wait(0);
      first.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
      step = 2;
      step.notify_one();
      EXPECT_TRUE(first.ends());
    }
    RawClient second = listener_.accept();
    (void)second.receive();
    second.send(kHello);
  });
  EXPECT_EQ(get().body, "hello");
  step = 1;
  step.notify_one();
  step.wait(1);
  EXPECT_EQ(get().body, "hello");
  EXPECT_EQ(asker_.figures().connects, 2U);
  EXPECT_EQ(asker_.figures().reuses, 0U);
}

TEST_F(UpstreamRequestTest, AConnectionThatWasClosedWhileIdleIsReplaced) {
  std::atomic<bool> closed{false};
  serve([&] {
    answer(listener_.accept(), kHello);
    closed = true;
    closed.notify_one();
    answer(listener_.accept(), kHello);
  });
  EXPECT_EQ(get().body, "hello");
  closed.wait(false);
  EXPECT_EQ(get("POST").body, "hello");
  EXPECT_EQ(asker_.figures().connects, 2U);
  EXPECT_EQ(asker_.figures().open, 1U);
}

// Closed just when the next request was on its way.
TEST_F(UpstreamRequestTest, ARequestIsSentAgainOverANewConnectionOnce) {
  serve([&] {
    {
      RawClient first = listener_.accept();
      (void)first.receive();
      first.send(kHello);
      (void)first.receive();
    }
    answer(listener_.accept(), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
  });
  EXPECT_EQ(get().body, "hello");
  EXPECT_EQ(get().body, "second");
  EXPECT_EQ(asker_.figures().failures, 0U);
  join();
  serve([&] { answer(listener_.accept(), ""); });
  EXPECT_EQ(get().error, "closed");  // the idle one was closed; the new one is not tried again
  EXPECT_EQ(asker_.figures().connects, 3U);
}

TEST_F(UpstreamRequestTest, WhatMayNotBeRepeatedIsNot) {
  for (const std::string_view method : {"POST", "PATCH", "X-Own"}) {
    serve([this] {
      RawClient first = listener_.accept();
      (void)first.receive();
      first.send(kHello);
      (void)first.receive();
    });
    EXPECT_EQ(get().body, "hello");
    EXPECT_EQ(get(std::string(method)).error, "closed") << method;
  }
}

TEST_F(UpstreamRequestTest, AnAnswerThatHasBegunIsNotAskedForAgain) {
  serve([this] {
    RawClient first = listener_.accept();
    (void)first.receive();
    first.send(kHello);
    (void)first.receive();
    first.send("H");
  });
  EXPECT_EQ(get().body, "hello");
  EXPECT_EQ(get().error, "closed");
  EXPECT_EQ(asker_.figures().connects, 1U);
}

}  // namespace
}  // namespace farm::net
