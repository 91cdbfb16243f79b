#include "cache/http/forwarding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace farm::cache {
namespace {

using List = std::vector<net::HeaderView>;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr ForwardingFacts kFacts{
    .via_name = "photofarm-1", .client = "192.0.2.7", .host = "a.test"};

std::string forwarded(const List& request, const ForwardingFacts& facts = kFacts) {
  std::string out;
  append_forwarded_headers(out, request, facts);
  return out;
}

constexpr std::string_view kOurs =
    "Via: 1.1 photofarm-1\r\n"
    "X-Forwarded-For: 192.0.2.7\r\n"
    "X-Forwarded-Proto: http\r\n"
    "X-Forwarded-Host: a.test\r\n"
    "Forwarded: for=192.0.2.7;host=a.test;proto=http\r\n";

TEST(ForwardingTest, EndToEndFieldsGoOnAndThoseOfTheConnectionDoNot) {
  // RFC 9110 section 7.6.1.
  EXPECT_EQ(forwarded({{"Host", "a.test"},
                       {"Accept", "*/*"},
                       {"Connection", "close, X-Hop"},
                       {"connection", "x-second"},
                       {"X-Hop", "1"},
                       {"x-second", "1"},
                       {"Keep-Alive", "timeout=5"},
                       {"Proxy-Connection", "keep-alive"},
                       {"Proxy-Authorization", "Basic x"},
                       {"TE", "trailers"},
                       {"Trailer", "X-T"},
                       {"Transfer-Encoding", "chunked"},
                       {"Content-Length", "5"},
                       {"Upgrade", "h2c"},
                       {"HTTP2-Settings", "AA"},
                       {"Expect", "100-continue"},
                       {"Cookie", "a=b"},
                       {"Authorization", "Basic y"},
                       {"accept-encoding", "gzip"}}),
            "Accept: */*\r\nCookie: a=b\r\nAuthorization: Basic y\r\naccept-encoding: gzip\r\n" +
                std::string(kOurs));
}

TEST(ForwardingTest, ListsGetOneMemberMore) {
  // RFC 9110 section 7.6.3, RFC 7239 section 4.
  const std::string out = forwarded({{"Via", "1.0 fred"},
                                     {"via", "1.1 p.example (a, b)"},
                                     {"X-Forwarded-For", "203.0.113.9"},
                                     {"X-Forwarded-Proto", "https"},
                                     {"X-Forwarded-Host", "evil"},
                                     {"Forwarded", "for=203.0.113.9"}});
  EXPECT_EQ(out,
            "Via: 1.0 fred, 1.1 p.example (a, b), 1.1 photofarm-1\r\n"
            "X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n"
            "X-Forwarded-Proto: http\r\n"
            "X-Forwarded-Host: a.test\r\n"
            "Forwarded: for=203.0.113.9, for=192.0.2.7;host=a.test;proto=http\r\n");
}

TEST(ForwardingTest, ViaTellsTheVersionThatCame) {
  ForwardingFacts facts = kFacts;
  facts.minor_version = 0;
  EXPECT_THAT(forwarded({}, facts), HasSubstr("Via: 1.0 photofarm-1\r\n"));
}

TEST(ForwardingTest, ForwardedQuotesWhatIsNoToken) {
  // RFC 7239 section 6: IPv6 in brackets and quotes; a port makes a host no token.
  ForwardingFacts facts = kFacts;
  facts.client = "2001:db8::17";
  facts.host = "a.test:8080";
  facts.proto = "https";
  const std::string out = forwarded({}, facts);
  EXPECT_THAT(out, HasSubstr("X-Forwarded-For: 2001:db8::17\r\n"));
  EXPECT_THAT(out,
              HasSubstr("Forwarded: for=\"[2001:db8::17]\";host=\"a.test:8080\";proto=https\r\n"));
  facts.host = "a\"b\\c";
  EXPECT_THAT(forwarded({}, facts), HasSubstr(R"(host="a\"b\\c")"));
  facts.client = {};
  EXPECT_THAT(forwarded({}, facts), HasSubstr("Forwarded: for=unknown;"));
}

TEST(ForwardingTest, AFillAsksForTheWhole) {
  const List request = {{"If-Match", "\"a\""},       {"If-None-Match", "\"b\""},
                        {"If-Modified-Since", "x"},  {"If-Unmodified-Since", "x"},
                        {"If-Range", "\"a\""},       {"Range", "bytes=0-1"},
                        {"Accept-Encoding", "gzip"}, {"Cache-Control", "max-age=0"}};
  ForwardingFacts facts = kFacts;
  facts.for_fill = true;
  EXPECT_EQ(forwarded(request, facts),
            "Accept-Encoding: gzip\r\nCache-Control: max-age=0\r\n" + std::string(kOurs));
  // RFC 9111 section 4.3.1.
  facts.if_none_match = "\"kept\"";
  facts.if_modified_since = "Tue, 22 Nov 2022 11:00:00 GMT";
  EXPECT_EQ(forwarded(request, facts),
            "Accept-Encoding: gzip\r\nCache-Control: max-age=0\r\nIf-None-Match: \"kept\"\r\n"
            "If-Modified-Since: Tue, 22 Nov 2022 11:00:00 GMT\r\n" +
                std::string(kOurs));
  EXPECT_THAT(forwarded(request), HasSubstr("Range: bytes=0-1\r\n"));
  EXPECT_THAT(forwarded(request), HasSubstr("If-None-Match: \"b\"\r\n"));
}

TEST(ForwardingTest, NothingCanEndALine) {
  const std::string_view kNul("a\0b", 3);
  const List list = {
      {"X-A", "a\r\nX-B: b"}, {"X-C\r\n", "c"}, {"X-D", "d\n"}, {"X-E", kNul}, {"", "nameless"}};
  EXPECT_EQ(forwarded(list), kOurs);
  std::string out;
  append_stored_headers(out, list, {.via_name = "p", .received_ms = 0});
  EXPECT_EQ(out, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nVia: 1.1 p\r\n");
  ForwardingFacts facts = kFacts;
  facts.host = "a\r\nX-B: b";
  EXPECT_THAT(forwarded({}, facts), Not(HasSubstr("X-B")));
}

TEST(ForwardingTest, ALoopIsToldByVia) {
  const auto loops = [](const char* via) {
    return is_loop(List{{"Via", "1.1 other"}, {"via", via}}, "photofarm-1");
  };
  EXPECT_TRUE(loops("1.1 photofarm-1"));
  EXPECT_TRUE(loops("1.0 fred, HTTP/1.1 \t PHOTOFARM-1 (comment)"));
  EXPECT_TRUE(loops("1.1 photofarm-1(comment)"));
  EXPECT_FALSE(loops("1.1 photofarm-12"));
  EXPECT_FALSE(loops("1.1 photofarm"));
  EXPECT_FALSE(loops("1.1 x (photofarm-1)"));
  EXPECT_FALSE(loops("photofarm-1"));
  EXPECT_FALSE(is_loop({}, "photofarm-1"));
  // What this file writes is told again.
  const std::string sent = forwarded({{"Via", "1.1 a"}});
  const std::string value = sent.substr(5, sent.find('\r') - 5);
  EXPECT_TRUE(is_loop(List{{"Via", value}}, "photofarm-1"));
}

TEST(ForwardingTest, SomeConditionsAreTheOriginsAlone) {
  // RFC 9111 section 4.3.2.
  EXPECT_TRUE(is_for_origin_alone(List{{"if-match", "*"}}));
  EXPECT_TRUE(is_for_origin_alone(List{{"If-Unmodified-Since", "x"}}));
  EXPECT_FALSE(is_for_origin_alone(List{{"If-None-Match", "*"}, {"If-Range", "x"}}));
}

TEST(ForwardingTest, AResponseIsKeptWithoutWhatItsSenderAdds) {
  std::string out;
  append_stored_headers(out,
                        List{{"Date", "Tue, 22 Nov 2022 11:00:00 GMT"},
                             {"Age", "7"},
                             {"Content-Length", "5"},
                             {"Content-Type", "image/jpeg"},
                             {"Transfer-Encoding", "chunked"},
                             {"Connection", "close, X-Hop"},
                             {"X-Hop", "1"},
                             {"Via", "1.0 fred"},
                             {"Cache-Status", "fred; hit"},
                             {"Vary", "Accept"},
                             {"Vary", "X-A"}},
                        {.via_name = "photofarm-1", .minor_version = 0});
  EXPECT_EQ(out,
            "Date: Tue, 22 Nov 2022 11:00:00 GMT\r\nContent-Type: image/jpeg\r\n"
            "Cache-Status: fred; hit\r\nVary: Accept\r\nVary: X-A\r\n"
            "Via: 1.0 fred, 1.0 photofarm-1\r\n");
  // RFC 9110 section 6.6.1.
  out.clear();
  append_stored_headers(out, {}, {.via_name = "p", .received_ms = 1'669'114'800'999});
  EXPECT_EQ(out, "Date: Tue, 22 Nov 2022 11:00:00 GMT\r\nVia: 1.1 p\r\n");
}

TEST(ForwardingTest, WhatIsKeptForOthersDoesNotHangOnTargetsThatAClientMadeUp) {
  ForwardingFacts facts = kFacts;
  const List request = {{"X-Forwarded-Prefix", "/evil"},
                        {"x-forwarded-scheme", "ftp"},
                        {"X-Original-URL", "/admin"},
                        {"X-Rewrite-URL", "/admin"},
                        {"X-HTTP-Method-Override", "DELETE"},
                        {"X-Host", "evil.test"},
                        {"X-Else", "1"}};
  EXPECT_THAT(forwarded(request, facts), HasSubstr("X-Original-URL: /admin\r\n"));
  facts.for_fill = true;
  EXPECT_EQ(forwarded(request, facts), "X-Else: 1\r\n" + std::string(kOurs));
}

TEST(ForwardingTest, OfAnInterimResponseGoesOnWhatIsNeitherTheConnectionsNorFrames) {
  // RFC 9110 sections 7.6.1 and 15.2.
  const List interim = {{"Link", "</a.css>; rel=preload"},
                        {"Connection", "X-Hop"},
                        {"X-Hop", "1"},
                        {"Content-Length", "0"},
                        {"Keep-Alive", "timeout=5"},
                        {"X-End", "a\r\nX-Smuggled: 1"}};
  std::string out;
  append_interim_headers(out, interim);
  EXPECT_EQ(out, "Link: </a.css>; rel=preload\r\n");
}

}  // namespace
}  // namespace farm::cache
