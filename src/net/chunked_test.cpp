// Chunked bodies, as RequestParser decodes them (RFC 9112 section 7.1).
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "net/request_parser.h"

namespace farm::net {
namespace {

constexpr std::string_view kHead =
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

struct Decoded {
  std::string body;
  bool done = false;
  bool rejected = false;
  std::size_t consumed = 0;
};

// As a connection does it: `piece` bytes come at a time, and `out_size` can be put out at once.
Decoded decode(std::string_view text, std::size_t piece, std::size_t out_size) {
  RequestParser parser(16 << 10);
  EXPECT_EQ(parser.parse_head(as_bytes(kHead)), RequestParser::HeadState::kComplete);
  Decoded decoded;
  Bytes out(out_size);
  std::size_t come = 0;
  while (!decoded.done && !decoded.rejected) {
    const ByteView waiting = as_bytes(text).subspan(decoded.consumed, come - decoded.consumed);
    const RequestParser::BodyStep step = parser.decode_chunked(waiting, out);
    EXPECT_LE(step.consumed, waiting.size());
    EXPECT_LE(step.produced, out.size());
    decoded.consumed += step.consumed;
    decoded.body += as_text(ByteView(out).first(step.produced));
    decoded.done = step.done;
    decoded.rejected = step.rejected;
    if (decoded.rejected) {
      EXPECT_EQ(parser.rejection().status, 400);
    }
    if (step.consumed == 0 && step.produced == 0 && !step.done) {
      if (come == text.size()) break;
      come = std::min(come + piece, text.size());
    }
  }
  return decoded;
}

TEST(Chunked, EveryPieceAndBufferSizeGivesTheSame) {
  for (const std::string body : {"5\r\nhello\r\n1;a=b;c=\"d;\"\r\n,\r\nb\r\n big "
                                 "worlds\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\nGET /",
                                 "0000005\r\nhello\r\nC;ext\r\n, big worlds\r\n00\r\n\r\nGET /"}) {
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
      for (const std::size_t out : {1, 2, 3, 7, 100}) {
        const Decoded decoded = decode(body, piece, out);
        ASSERT_TRUE(decoded.done) << "piece " << piece << ", out " << out;
        EXPECT_EQ(decoded.body, "hello, big worlds");
        EXPECT_EQ(decoded.consumed, body.size() - 5) << "the next request is not the body's";
      }
    }
  }
}

TEST(Chunked, AnEmptyBodyEnds) {
  const Decoded decoded = decode("0\r\n\r\n", 100, 1);
  EXPECT_TRUE(decoded.done);
  EXPECT_EQ(decoded.body, "");
}

TEST(Chunked, ALargeChunkPassesThroughASmallBuffer) {
  const std::string payload(100'000, 'x');
  const Decoded decoded = decode("186a0\r\n" + payload + "\r\n0\r\n\r\n", 1000, 64);
  EXPECT_TRUE(decoded.done);
  EXPECT_EQ(decoded.body, payload);
}

TEST(Chunked, RefusesWhatTwoProgramsMightReadInTwoWays) {
  for (const std::string body : {
           "\r\n",
           "x\r\n",
           "+5\r\nhello\r\n0\r\n\r\n",
           "-5\r\nhello\r\n0\r\n\r\n",
           "0x5\r\nhello\r\n0\r\n\r\n",
           " 5\r\nhello\r\n0\r\n\r\n",
           "5\nhello\r\n0\r\n\r\n",
           "5\rhello\r\n0\r\n\r\n",
           "5;a\nb\r\nhello\r\n0\r\n\r\n",
           "5;\r\nhello\r\n0\r\n\r\n",
           "5\r\nhello0\r\n\r\n\r\n",
           "5\r\nhello\n0\r\n\r\n",
           "5\r\nhello\r\r\n0\r\n\r\n",
           "5\r\nhelloworld\r\n0\r\n\r\n",
           "10000000000000000\r\nhello\r\n",
           "fffffffffffffffff\r\nhello\r\n",
           "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
           "5\r\nhello\r\n0\r\n folded: x\r\n\r\n",
           "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
           "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
       }) {
    for (const std::size_t piece : {std::size_t{1}, body.size()}) {
      const Decoded decoded = decode(body, piece, 100);
      EXPECT_TRUE(decoded.rejected) << body << ", piece " << piece;
      EXPECT_FALSE(decoded.done) << body;
    }
  }
}

TEST(Chunked, DoesNotEndWithoutItsLastChunk) {
  for (const std::string body : {"", "5", "5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n",
                                 "5\r\nhello\r\n0\r\nX: y\r\n", "5\r\nhello\r\n0\r\n\n"}) {
    const Decoded decoded = decode(body, body.size() + 1, 100);
    EXPECT_FALSE(decoded.done) << body;
    EXPECT_FALSE(decoded.rejected) << body;
  }
}

TEST(Chunked, AHugeChunkSizeTakesNothingInAdvance) {
  const Decoded decoded = decode("ffffffffffffffff\r\nhello", 100, 100);
  EXPECT_FALSE(decoded.done);
  EXPECT_EQ(decoded.body, "hello");
}

}  // namespace
}  // namespace farm::net
