#include "net/precondition.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace farm::net {
namespace {

constexpr std::string_view kTag = "\"abc\"";
constexpr Millis kModified = 784'111'777'123;  // Sun, 06 Nov 1994 08:49:37.123 GMT
constexpr std::string_view kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";

struct Case {
  std::string section;  // of RFC 9110
  std::vector<HeaderView> headers;
  Precondition want;
  Method method = Method::kGet;
};

RequestHead request_of(const Case& test) {
  RequestHead request;
  request.method = test.method;
  request.headers = test.headers;
  return request;
}

class Preconditions : public testing::TestWithParam<Case> {};

TEST_P(Preconditions, AreEvaluated) {
  EXPECT_EQ(evaluate_preconditions(request_of(GetParam()), kTag, kModified), GetParam().want)
      << "section " << GetParam().section;
}

constexpr auto kProceed = Precondition::kProceed;
constexpr auto kNotModified = Precondition::kNotModified;
constexpr auto kFailed = Precondition::kFailed;

INSTANTIATE_TEST_SUITE_P(
    IfMatch, Preconditions,
    testing::Values(Case{"13.1.1", {{"If-Match", "\"abc\""}}, kProceed},
                    Case{"13.1.1", {{"if-match", "*"}}, kProceed},
                    Case{"13.1.1", {{"If-Match", "\"x\", \"abc\""}}, kProceed},
                    Case{"13.1.1", {{"If-Match", "\"x\""}}, kFailed},
                    Case{"13.1.1 strong comparison", {{"If-Match", "W/\"abc\""}}, kFailed},
                    Case{"13.1.1", {{"If-Match", "abc"}}, kFailed},
                    Case{"13.1.1", {{"If-Match", ""}}, kFailed},
                    Case{"13.1.1", {{"If-Match", "\"x\""}}, kFailed, Method::kPut},
                    Case{"13.2.2 it hides the date",
                         {{"If-Match", "\"abc\""}, {"If-Unmodified-Since", kBefore}},
                         kProceed}));

INSTANTIATE_TEST_SUITE_P(
    IfUnmodifiedSince, Preconditions,
    testing::Values(Case{"13.1.4", {{"If-Unmodified-Since", kSame}}, kProceed},
                    Case{"13.1.4", {{"If-Unmodified-Since", kAfter}}, kProceed},
                    Case{"13.1.4", {{"If-Unmodified-Since", kBefore}}, kFailed},
                    Case{
                        "13.1.4 no date is ignored", {{"If-Unmodified-Since", "soon"}}, kProceed}));

INSTANTIATE_TEST_SUITE_P(
    IfNoneMatch, Preconditions,
    testing::Values(
        Case{"13.1.2", {{"If-None-Match", "\"abc\""}}, kNotModified},
        Case{"13.1.2", {{"If-None-Match", "\"abc\""}}, kNotModified, Method::kHead},
        Case{"13.1.2", {{"If-None-Match", "*"}}, kNotModified},
        Case{"13.1.2 weak comparison", {{"If-None-Match", "W/\"abc\""}}, kNotModified},
        Case{"13.1.2", {{"If-None-Match", "\"x\",W/\"y\" , \"abc\""}}, kNotModified},
        Case{"13.1.2 a comma in a tag", {{"If-None-Match", "\"x,\",\"abc\""}}, kNotModified},
        Case{"13.1.2", {{"If-None-Match", "\"ab\", \"abcd\""}}, kProceed},
        Case{"13.1.2", {{"If-None-Match", "\"abc"}}, kProceed},
        Case{"13.1.2", {{"If-None-Match", "abc"}}, kProceed},
        Case{"13.1.2 case counts", {{"If-None-Match", "\"ABC\""}}, kProceed},
        Case{"13.1.2 w/ is no W/", {{"If-None-Match", "w/\"abc\""}}, kProceed},
        Case{"13.1.2", {{"If-None-Match", "*"}}, kFailed, Method::kPut},
        Case{"13.2.2 it hides the date",
             {{"If-None-Match", "\"x\""}, {"If-Modified-Since", kAfter}},
             kProceed},
        Case{"13.2.2 after If-Match",
             {{"If-None-Match", "\"abc\""}, {"If-Match", "\"x\""}},
             kFailed}));

INSTANTIATE_TEST_SUITE_P(
    IfModifiedSince, Preconditions,
    testing::Values(
        Case{"13.1.3", {{"If-Modified-Since", kSame}}, kNotModified},
        Case{"13.1.3", {{"If-Modified-Since", kAfter}}, kNotModified, Method::kHead},
        Case{"13.1.3", {{"If-Modified-Since", kBefore}}, kProceed},
        Case{"13.1.3 other methods", {{"If-Modified-Since", kAfter}}, kProceed, Method::kPost},
        Case{"13.1.3 no date is ignored", {{"If-Modified-Since", "x"}}, kProceed},
        Case{"13.1", {}, kProceed}));

bool applies(std::string_view if_range) {
  const std::vector<HeaderView> headers = {{"If-Range", if_range}};
  RequestHead request;
  request.headers = headers;
  return range_applies(request, kTag, kModified);
}

TEST(IfRange, NamesThisVeryRepresentation) {
  EXPECT_TRUE(range_applies({}, kTag, kModified));
  EXPECT_TRUE(applies(kTag));
  EXPECT_TRUE(applies(kSame));
  EXPECT_FALSE(applies("\"x\""));
  EXPECT_FALSE(applies("W/\"abc\"")) << "section 13.1.5: a weak tag never counts";
  EXPECT_FALSE(applies(kAfter)) << "section 13.1.5: the date is to be exactly the same";
  EXPECT_FALSE(applies(kBefore));
  EXPECT_FALSE(applies(""));
  EXPECT_FALSE(applies("*"));
}

TEST(PreconditionsOf, SeveralLinesAreOneList) {
  // Section 5.3.
  const auto evaluated = [](std::vector<HeaderView> headers) {
    return evaluate_preconditions(request_of({"5.3", headers, kProceed}), kTag, kModified);
  };
  EXPECT_EQ(evaluated({{"If-None-Match", "\"x\""}, {"if-none-match", "\"abc\""}}), kNotModified);
  EXPECT_EQ(evaluated({{"If-None-Match", "\"x\""}, {"If-None-Match", "\"y\""}}), kProceed);
  EXPECT_EQ(evaluated({{"If-Match", "\"x\""}, {"If-Match", "\"abc\""}}), kProceed);
  EXPECT_EQ(evaluated({{"If-Match", "\"x\""}, {"If-Match", "\"y\""}}), kFailed);
}

TEST(PreconditionsOf, AWeakTagMatchesWeaklyAlone) {
  const std::vector<HeaderView> none_match{{"If-None-Match", "\"abc\""}};
  const std::vector<HeaderView> match{{"If-Match", "\"abc\""}};
  RequestHead request;
  request.method = Method::kGet;
  request.headers = none_match;
  EXPECT_EQ(evaluate_preconditions(request, "W/\"abc\"", 0), kNotModified);
  request.headers = match;
  EXPECT_EQ(evaluate_preconditions(request, "W/\"abc\"", 0), kFailed) << "section 8.8.3.2";
}

TEST(PreconditionsOf, WithoutADateDatesAreIgnored) {
  RequestHead request;
  request.method = Method::kGet;
  for (const std::string_view name : {"If-Modified-Since", "If-Unmodified-Since"}) {
    const std::vector<HeaderView> headers{{name, kSame}};
    request.headers = headers;
    EXPECT_EQ(evaluate_preconditions(request, kTag, 0), kProceed) << "sections 13.1.3, 13.1.4";
  }
}

}  // namespace
}  // namespace farm::net
