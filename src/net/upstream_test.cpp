// The streaming client against servers that say, byte by byte, what a test wants: answers of all
// framings, interim ones, and what of them is refused.
#include "net/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/test_upstream.h"

namespace farm::net {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

using UpstreamAnswerTest = UpstreamTest;

TEST_F(UpstreamAnswerTest, WithALength) {
  answer_once("HTTP/1.1 206 Some of it\r\nContent-Length: 5\r\nx-A:b\r\nEmpty:\r\n\r\nhello");
  const Outcome got = get();
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.status, 206);
  EXPECT_EQ(got.minor_version, 1);
  EXPECT_EQ(got.reason, "Some of it");
  EXPECT_EQ(got.body_bytes, 5U);
  EXPECT_EQ(got.body, "hello");
  EXPECT_THAT(got.headers, ElementsAre("Content-Length: 5", "x-A: b", "Empty: "));
}

TEST_F(UpstreamAnswerTest, Chunked) {
  answer_once(std::string(kChunked) +
              "3;x=y\r\nhel\r\n1 ;z\r\nl\r\n01  \r\no\r\n0\r\nTrailer: x\r\nAnother: \r\n\r\n");
  const Outcome got = get();
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.body_bytes, std::nullopt);
  EXPECT_EQ(got.body, "hello");
}

TEST_F(UpstreamAnswerTest, ThatEndsWithTheConnection) {
  answer_once("HTTP/1.0 200 OK\r\n\r\nhello");
  Outcome got = get();
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.minor_version, 0);
  EXPECT_EQ(got.body_bytes, std::nullopt);
  EXPECT_EQ(got.body, "hello");
  answer_once("HTTP/1.1 200\r\n\r\n");
  got = get();
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.reason, "");
  EXPECT_EQ(got.body, "");
  EXPECT_EQ(asker_.figures().open, 0U);
}

TEST_F(UpstreamAnswerTest, ByteByByteIsTheSame) {
  serve([this] {
    for (int i = 0; i < 2; ++i) {
      RawClient connection = listener_.accept();
      (void)connection.receive();
      const std::string text = i == 0 ? std::string(kHello)
                                      : std::string(kChunked) + "5;x\r\nhello\r\n0\r\nT: x\r\n\r\n";
      for (const char c : text) connection.send({&c, 1});
    }
  });
  EXPECT_EQ(get().body, "hello");
  Asking asking;
  asking.read_bytes = 1;
  EXPECT_EQ(ask(std::move(asking)).body, "hello");
}

TEST_F(UpstreamAnswerTest, LargeBodiesComeWhole) {
  std::string body(3 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 2654435761U >> 13U);
  serve([this, &body] {
    RawClient connection = listener_.accept();
    (void)connection.receive();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n");
    connection.send(body);
    (void)connection.receive();
    std::string chunks(kChunked);
    for (std::size_t at = 0, size = 1; at < body.size(); at += size, size = size * 3 % 70'001) {
      const std::string piece = body.substr(at, size);
      char line[20];
      std::snprintf(line, sizeof line, "%zX\r\n", piece.size());
      chunks += line + piece + "\r\n";
    }
    connection.send(chunks + "0\r\n\r\n");
    (void)connection.receive();
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body);
  });
  EXPECT_TRUE(get().body == body);
  Asking asking;
  asking.read_bytes = 10'007;
  EXPECT_TRUE(ask(std::move(asking)).body == body);
  EXPECT_TRUE(get().body == body);
  EXPECT_EQ(asker_.figures().connects, 1U);
}

TEST_F(UpstreamAnswerTest, WithoutABodyWhereThereIsNone) {
  serve([this] {
    RawClient connection = listener_.accept();
    for (const std::string_view answer :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
          "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
      (void)connection.receive();
      connection.send(answer);
    }
  });
  for (const std::string_view method : {"HEAD", "GET", "GET", "HEAD", "GET", "GET", "GET"}) {
    const Outcome got = get(std::string(method));
    EXPECT_EQ(got.error, "");
    EXPECT_EQ(got.body_bytes, 0U);
    EXPECT_EQ(got.body, "");
  }
  EXPECT_EQ(asker_.figures().connects, 1U);
  EXPECT_EQ(asker_.figures().reuses, 6U);
}

TEST_F(UpstreamAnswerTest, InterimOnesComeEachOnTheirOwn) {
  answer_once("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
              std::string(kHello));
  const Outcome got = get();
  EXPECT_EQ(got.error, "");
  EXPECT_THAT(got.interim, ElementsAre("102 Processing", "103 Early Hints", "Link: </a>"));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "hello");
}

TEST_F(UpstreamAnswerTest, InterimOnesWithoutAnEndAreGivenUp) {
  serve([this] {
    RawClient connection = listener_.accept();
    (void)connection.receive();
    connection.drip("HTTP/1.1 102 Processing\r\n\r\n");
    (void)connection.receive_all();
  });
  EXPECT_EQ(get().error, "corrupt");
}

TEST_F(UpstreamAnswerTest, ThatAreCutShort) {
  for (const std::string& text :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
        std::string(kChunked) + "5\r\nhello\r\n", std::string(kChunked) + "5\r\nhel",
        std::string(kChunked) + "5\r\nhello\r\n0\r\n", std::string(kChunked) + "5\r\nhello\r\n0",
        std::string(kChunked) + "5\r\nhello\r\n0\r\nT: x\r\n", std::string(kChunked),
        std::string("HTTP/1.1 200 OK\r\nContent-Le"), std::string("HTTP/1.1 200 OK\r\n"),
        std::string("H"), std::string("HTTP/1.1 103 Early Hints\r\n\r\n"), std::string()}) {
    answer_once(text);
    EXPECT_EQ(get().error, "closed") << text;
  }
  EXPECT_EQ(asker_.figures().open, 0U);
  EXPECT_EQ(asker_.figures().failures, 13U);
}

// A reset in place of an orderly end: what has no length is not known to be whole then.
TEST_F(UpstreamAnswerTest, ThatEndWithAReset) {
  for (const std::string_view text :
       {"HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    // The server's thread may look at it after the answer has been seen.
    const auto read = std::make_shared<std::atomic<bool>>(false);
    serve([this, text, read] {
      RawClient connection = listener_.accept();
      (void)connection.receive();
      connection.send(text);
      read->wait(false);
      const linger at_once{1, 0};
      setsockopt(connection.socket(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    });
    asker_.on_body = [read] {
      *read = true;
      read->notify_one();
    };
    const Outcome got = get();
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.error, "closed") << text;
  }
}

TEST_F(UpstreamAnswerTest, ThatAreNoHttpOrCouldBeReadInTwoWays) {
  for (const std::string_view text : {
           "SSH-2.0-OpenSSH_9.2\r\n",
           "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
           "HTTP/2 200 OK\r\n\r\n",
           "HTTP/1.2 200 OK\r\n\r\n",
           "HTTP/1.1  200 OK\r\n\r\n",
           "HTTP/1.1 abc\r\n\r\n",
           "HTTP/1.1 20\r\n\r\n",
           "HTTP/1.1 2000 OK\r\n\r\n",
           "HTTP/1.1 099 X\r\n\r\n",
           "HTTP/1.1 600 X\r\n\r\n",
           "HTTP/1.1 200 O\rK\r\n\r\n",
           "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
           "HTTP/1.1 200 OK\r\nA: b\n\r\n",
           "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n\r\n",
           "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
           "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA(: b\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
           "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
           "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello",
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
       }) {
    answer_once(std::string(text));
    EXPECT_EQ(get().error, "corrupt") << text;
  }
  EXPECT_EQ(asker_.figures().open, 0U);
}

TEST_F(UpstreamAnswerTest, WhoseChunksAreWrong) {
  for (const std::string_view chunks : {"zz\r\n",
                                        "\r\n",
                                        " 5\r\nhello\r\n0\r\n\r\n",
                                        "-5\r\n",
                                        "+5\r\n",
                                        "0x5\r\n",
                                        "5\nhello\r\n0\r\n\r\n",
                                        "5\r\nhello0\r\n\r\n",
                                        "5\r\nhello!\r\n0\r\n\r\n",
                                        "5\r\nhello\n0\r\n\r\n",
                                        "5\r\rhello\r\n0\r\n\r\n",
                                        "5 5\r\nhello\r\n0\r\n\r\n",
                                        "5;a\rb\r\nhello\r\n0\r\n\r\n",
                                        "5;a\nb\r\nhello\r\n0\r\n\r\n",
                                        "FFFFFFFFFFFFFFFF\r\n",
                                        "8000000000000000\r\n",
                                        "00000000000000005\r\nhello\r\n0\r\n\r\n",
                                        "5\r\nhello\r\n0\r\nT\r\n\r\n",
                                        "5\r\nhello\r\n0\r\n T: x\r\n\r\n",
                                        "5\r\nhello\r\n0\r\nT: x\n\r\n",
                                        "5\r\nhello\r\n0\r\nT: \x01\r\n\r\n",
                                        "5\r\nhello\r\n0\r\n\r\r",
                                        "5\r\nhello\r\n0\r\n\n"}) {
    answer_once(std::string(kChunked) + std::string(chunks));
    EXPECT_EQ(get().error, "corrupt") << chunks;
  }
}

TEST_F(UpstreamAnswerTest, TheSameLengthTwiceIsOneLength) {
  answer_once("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\ncontent-length: 5\r\n\r\nhello");
  const Outcome got = get();
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.body, "hello");
}

TEST_F(UpstreamAnswerTest, HeadsAndTrailersHaveABound) {
  answer_once("HTTP/1.1 200 OK\r\nA: " + std::string(64 << 10, 'a') + "\r\n\r\n");
  EXPECT_EQ(get().error, "too large");
  answer_once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: " + std::string((64 << 10) - 47, 'a') +
              "\r\n\r\nhello");
  EXPECT_EQ(get().body, "hello");
  std::string many = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n";
  for (int i = 0; i < 255; ++i) many += "A: b\r\n";
  answer_once(many + "\r\nhello");
  EXPECT_EQ(get().body, "hello");
  answer_once(many + "A: b\r\n\r\nhello");
  EXPECT_EQ(get().error, "too large");
  answer_once(std::string(kChunked) + "0\r\nT: " + std::string(65 << 10, 't') + "\r\n\r\n");
  EXPECT_EQ(get().error, "corrupt");
  answer_once(std::string(kChunked) + "0;" + std::string(5 << 10, 't') + "\r\n\r\n");
  EXPECT_EQ(get().error, "corrupt");
}

}  // namespace
}  // namespace farm::net
