#include "net/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace farm::net {
namespace {

using namespace std::string_literals;
using State = RequestParser::HeadState;
using testing::HasSubstr;

constexpr std::size_t kMaxHead = 16 << 10;

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\n" + fields + "\r\n"; }
std::string post(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

struct Refused {
  std::string text;
  int status;
};

// Each is refused with its status, whether it comes in one piece or byte by byte.
class Refusals : public testing::TestWithParam<Refused> {};

TEST_P(Refusals, InOnePiece) {
  RequestParser parser(kMaxHead);
  ASSERT_EQ(parser.parse_head(as_bytes(GetParam().text)), State::kRejected);
  EXPECT_EQ(parser.rejection().status, GetParam().status) << parser.rejection().reason;
  EXPECT_FALSE(parser.rejection().reason.empty());
}

TEST_P(Refusals, ByteByByte) {
  RequestParser parser(kMaxHead);
  const std::string& text = GetParam().text;
  State state = State::kIncomplete;
  for (std::size_t size = 1; size <= text.size() && state == State::kIncomplete; ++size) {
    state = parser.parse_head(as_bytes(text).first(size));
  }
  ASSERT_EQ(state, State::kRejected);
  EXPECT_EQ(parser.rejection().status, GetParam().status) << parser.rejection().reason;
}

INSTANTIATE_TEST_SUITE_P(
    Framing, Refusals,
    testing::Values(
        Refused{post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
        Refused{post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
        Refused{post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
        Refused{post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
        Refused{post("Content-Length: +5\r\n"), 400}, Refused{post("Content-Length: -1\r\n"), 400},
        Refused{post("Content-Length: 0x5\r\n"), 400},
        Refused{post("Content-Length: 5, 5\r\n"), 400},
        Refused{post("Content-Length: 5,5\r\n"), 400}, Refused{post("Content-Length:\r\n"), 400},
        Refused{post("Content-Length: 5 5\r\n"), 400}, Refused{post("Content-Length: 5;\r\n"), 400},
        Refused{post("Content-Length: 1e3\r\n"), 400},
        Refused{post("Content-Length: 18446744073709551616\r\n"), 400},
        Refused{post("Content-Length: 99999999999999999999999\r\n"), 400},
        Refused{post("Transfer-Encoding: gzip\r\n"), 501},
        Refused{post("Transfer-Encoding: gzip, chunked\r\n"), 501},
        Refused{post("Transfer-Encoding: chunked, chunked\r\n"), 501},
        Refused{post("Transfer-Encoding: chunked,\r\n"), 501},
        Refused{post("Transfer-Encoding: \"chunked\"\r\n"), 501},
        Refused{post("Transfer-Encoding: chunked;q=1\r\n"), 501},
        Refused{post("Transfer-Encoding: xchunked\r\n"), 501},
        Refused{post("Transfer-Encoding:\r\n"), 501},
        Refused{post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        Refused{"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Refused{post("Expect: the best\r\n"), 417},
        Refused{post("Connection: keep alive\r\n"), 400},
        Refused{post("Connection: \"close\"\r\n"), 400}));

// Of two faults the one that comes first counts, however the bytes come.
INSTANTIATE_TEST_SUITE_P(Order, Refusals,
                         testing::Values(Refused{"GET / HTTP/2.0\r\nno colon\r\n\r\n", 505},
                                         Refused{post("no colon\r\nExpect: the best\r\n"), 400},
                                         Refused{post("Expect: the best\r\nA: b\nC: d\r\n"), 417},
                                         Refused{post("Transfer-Encoding: x\r\nHost: h\r\n"), 501},
                                         Refused{"\r\n\rGET / HTTP/1.1\r\n", 400}));

INSTANTIATE_TEST_SUITE_P(
    Lines, Refusals,
    testing::Values(Refused{get("Host: h\r\nA: b\r\n c\r\n"), 400},       // obs-fold
                    Refused{get("Host: h\r\nA: b\r\n\tc\r\n"), 400},      //
                    Refused{get(" Host: h\r\n"), 400},                    // a fold of nothing
                    Refused{"GET / HTTP/1.1\nHost: h\n\n", 400},          // bare LF
                    Refused{get("Host: h\nA: b\r\n"), 400},               //
                    Refused{"GET / HTTP/1.1\r\nHost: h\r\n\n", 400},      //
                    Refused{get("Host: h\rA: b\r\n"), 400},               // bare CR
                    Refused{get("Host: h\r\r\n"), 400},                   //
                    Refused{"GET /\r HTTP/1.1\r\nHost: h\r\n\r\n", 400},  //
                    Refused{"GET / HTTP/1.1\rHost: h\r\n\r\n", 400},      //
                    Refused{"GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n"s, 400},
                    Refused{get("Host: h\r\nA\0b: c\r\n"s), 400},
                    Refused{get("Host: h\r\nA: b\0c\r\n"s), 400},
                    Refused{get("Host: h\r\nA: b\x01\r\n"), 400},
                    Refused{get("Host: h\r\nA: b\x7f\r\n"), 400}, Refused{get("Host : h\r\n"), 400},
                    Refused{get("Host\t: h\r\n"), 400}, Refused{get("Host: h\r\n: b\r\n"), 400},
                    Refused{get("Host: h\r\nno colon\r\n"), 400},
                    Refused{get("Host: h\r\nA(b): c\r\n"), 400},
                    Refused{"\r\n\r\n" + get("Host: h\r\n"), 400}));

INSTANTIATE_TEST_SUITE_P(Starts, Refusals,
                         testing::Values(Refused{"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                                         Refused{"GET /\r\nHost: h\r\n\r\n", 400},
                                         Refused{"GET\r\nHost: h\r\n\r\n", 400},
                                         Refused{"get / HTTP/1.1\r\n", 400},
                                         Refused{"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                                         Refused{"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 505},
                                         Refused{"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
                                         Refused{"GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505},
                                         Refused{"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
                                         Refused{"GET / HTTP/11\r\nHost: h\r\n\r\n", 505},
                                         Refused{"GET / http/1.1\r\nHost: h\r\n\r\n", 505},
                                         Refused{"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 505},
                                         Refused{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
                                         Refused{"\x16\x03\x01\x02\x01\x01", 400},  // TLS
                                         Refused{"\0"s, 400}, Refused{" GET / HTTP/1.1\r\n", 400},
                                         Refused{"{\"json\":1}\n", 400}, Refused{"\n", 400},
                                         Refused{"\rGET", 400}));

INSTANTIATE_TEST_SUITE_P(
    Targets, Refusals,
    testing::Values(Refused{get(""), 400}, Refused{get("Host: h\r\nHost: h\r\n"), 400},
                    Refused{get("Host: a b\r\n"), 400}, Refused{get("Host: a/b\r\n"), 400},
                    Refused{get("Host: user@h\r\n"), 400}, Refused{get("Host: h?\r\n"), 400},
                    Refused{"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET http://h:81/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET h HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET ?a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET /?a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET /a\x7f HTTP/1.1\r\nHost: h\r\n\r\n", 400},
                    Refused{"GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n", 400}));

std::string many_headers(int count) {
  std::string fields = "Host: h\r\n";
  for (int i = 1; i < count; ++i) fields += "X-" + std::to_string(i) + ": y\r\n";
  return get(fields);
}

std::string head_of(std::size_t bytes) {
  const std::string rest = get("Host: h\r\nA: \r\n");
  return get("Host: h\r\nA: " + std::string(bytes - rest.size(), 'a') + "\r\n");
}

std::string line_of(std::size_t bytes) {
  return "GET /" + std::string(bytes - 16, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(Sizes, Refusals,
                         testing::Values(Refused{many_headers(65), 431},
                                         Refused{head_of(kMaxHead + 1), 431},
                                         Refused{head_of(10 * kMaxHead), 431},
                                         Refused{line_of((8 << 10) + 1), 414},
                                         Refused{line_of(20'000), 414},
                                         Refused{"GET /" + std::string(20'000, 'a'), 414}));

class RequestParserTest : public testing::Test {
 protected:
  const RequestHead& accept(const std::string& text) {
    text_ = text;
    parser_.reset();
    EXPECT_EQ(parser_.parse_head(as_bytes(text_)), State::kComplete)
        << parser_.rejection().reason << "\n"
        << text;
    return parser_.head();
  }

  std::string text_;
  RequestParser parser_{kMaxHead};
};

TEST_F(RequestParserTest, TakesARequestApart) {
  const RequestHead& head = accept(
      "PUT /a%20b/c?d=e&f?g HTTP/1.1\r\nHost: h:80\r\nx-OWS: \t a b\t \r\nEmpty:\r\n"
      "Content-Length: 007\r\nExpect: 100-Continue\r\n\r\nBODY");
  EXPECT_EQ(head.method, Method::kPut);
  EXPECT_EQ(head.path, "/a%20b/c");
  EXPECT_EQ(head.query, "d=e&f?g");
  EXPECT_TRUE(head.has_query);
  EXPECT_EQ(head.host, "h:80");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.content_length, 7U);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.chunked);
  EXPECT_EQ(head.headers.size(), 5U);
  EXPECT_EQ(head.find("X-Ows"), "a b");
  EXPECT_EQ(head.find("empty"), "");
  EXPECT_EQ(head.find("none"), std::nullopt);
  EXPECT_EQ(parser_.head_bytes(), text_.size() - 4);
}

TEST_F(RequestParserTest, KnowsTheMethods) {
  for (const Method method : {Method::kGet, Method::kHead, Method::kPost, Method::kPut,
                              Method::kPatch, Method::kDelete, Method::kOptions, Method::kPurge}) {
    const std::string line(to_string(method));
    EXPECT_EQ(accept(line + " / HTTP/1.1\r\nHost: h\r\n\r\n").method, method);
  }
  EXPECT_EQ(accept("BREW / HTTP/1.1\r\nHost: h\r\n\r\n").method, Method::kOther);
}

TEST_F(RequestParserTest, TakesOnlyItsOwnAbsoluteForm) {
  EXPECT_EQ(accept("GET http://H/a?b HTTP/1.1\r\nHost: h\r\n\r\n").path, "/a");
  EXPECT_EQ(parser_.head().query, "b");
  EXPECT_EQ(accept("GET HTTPS://h:8 HTTP/1.1\r\nHost: h:8\r\n\r\n").path, "/");
  EXPECT_EQ(accept("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").path, "*");
}

TEST_F(RequestParserTest, TakesOddButLegalHosts) {
  EXPECT_EQ(accept(get("Host: [::1]:8080\r\n")).host, "[::1]:8080");
  EXPECT_EQ(accept(get("Host:\r\n")).host, "");
}

TEST_F(RequestParserTest, DecidesOnKeepAlive) {
  EXPECT_TRUE(accept(get("Host: h\r\n")).keep_alive);
  EXPECT_FALSE(accept(get("Host: h\r\nConnection: Close\r\n")).keep_alive);
  EXPECT_FALSE(accept(get("Host: h\r\nConnection: x, close\r\n")).keep_alive);
  EXPECT_FALSE(accept("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_EQ(parser_.head().minor_version, 0);
  EXPECT_TRUE(accept("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(accept("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").keep_alive);
  EXPECT_TRUE(accept(get("Host: h\r\nProxy-Connection: close\r\n")).keep_alive);
}

TEST_F(RequestParserTest, ExpectsContinueOnlyWhereABodyFollows) {
  EXPECT_FALSE(accept(post("Expect: 100-continue\r\n")).expects_continue);
  EXPECT_FALSE(accept(post("Expect: 100-continue\r\nContent-Length: 0\r\n")).expects_continue);
  EXPECT_TRUE(
      accept(post("Expect: 100-continue\r\nTransfer-Encoding: Chunked\r\n")).expects_continue);
  EXPECT_FALSE(accept("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                   .expects_continue);
}

TEST_F(RequestParserTest, SkipsOneEmptyLineBeforeARequest) {
  EXPECT_EQ(accept("\r\n" + get("Host: h\r\n")).method, Method::kGet);
  EXPECT_EQ(parser_.head_bytes(), text_.size());
}

TEST_F(RequestParserTest, TakesWhatIsJustWithinTheBounds) {
  EXPECT_EQ(accept(many_headers(64)).headers.size(), 64U);
  accept(head_of(kMaxHead));
  accept(line_of(8 << 10));
  EXPECT_EQ(accept(post("Content-Length: 18446744073709551615\r\n")).content_length,
            18446744073709551615U);
}

TEST_F(RequestParserTest, BytesBehindTheHeadDoNotMatter) {
  accept(get("Host: h\r\n") + std::string(100'000, '\0'));
  EXPECT_EQ(parser_.head_bytes(), get("Host: h\r\n").size());
}

TEST_F(RequestParserTest, PipelinedRequestsComeOneAfterTheOther) {
  const std::string all =
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n\r\nGET /3 HTTP/1.1\r\n"
      "Host: h\r\n\r\n";
  ByteView rest = as_bytes(all);
  for (const std::string path : {"/1", "/2", "/3"}) {
    ASSERT_EQ(parser_.parse_head(rest), State::kComplete) << path;
    EXPECT_EQ(parser_.head().path, path);
    rest = rest.subspan(parser_.head_bytes());
    parser_.reset();
  }
  EXPECT_TRUE(rest.empty());
}

TEST_F(RequestParserTest, EverySplitGivesTheSame) {
  const std::string text =
      "\r\nPOST http://h/a?b=c HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 12\r\n\r\nrest";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    RequestParser parser(kMaxHead);
    State state = parser.parse_head(as_bytes(text).first(first));
    if (state == State::kIncomplete) state = parser.parse_head(as_bytes(text));
    ASSERT_EQ(state, State::kComplete) << first;
    EXPECT_EQ(parser.head().path, "/a");
    EXPECT_EQ(parser.head().query, "b=c");
    EXPECT_EQ(parser.head().content_length, 12U);
    EXPECT_EQ(parser.head().headers.size(), 3U);
    EXPECT_EQ(parser.head_bytes(), text.size() - 4);
  }
}

TEST_F(RequestParserTest, AnIncompleteHeadMayMove) {
  const std::string text = get("Host: h\r\nA: b\r\n");
  State state = State::kIncomplete;
  std::string copy;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    copy = text.substr(0, size);
    std::string moved = copy;
    copy.swap(moved);
    state = parser_.parse_head(as_bytes(copy));
  }
  ASSERT_EQ(state, State::kComplete);
  EXPECT_EQ(parser_.head().find("a"), "b");
}

TEST_F(RequestParserTest, HasWordsForPeople) {
  EXPECT_EQ(parser_.parse_head(as_bytes("\x16\x03")), State::kRejected);
  EXPECT_THAT(std::string(parser_.rejection().reason), HasSubstr("not an HTTP request"));
}

}  // namespace
}  // namespace farm::net
