#include "cache/http/freshness.h"

#include <gtest/gtest.h>

#include <vector>

namespace farm::cache {
namespace {

using List = std::vector<net::HeaderView>;

// Tue, 22 Nov 2022 11:00:00 GMT.
constexpr Millis kNow = Millis{1'669'114'800} * 1000;
constexpr const char* kDate = "Tue, 22 Nov 2022 11:00:00 GMT";
constexpr const char* kMinuteLater = "Tue, 22 Nov 2022 11:01:00 GMT";
constexpr const char* kMinuteBefore = "Tue, 22 Nov 2022 10:59:00 GMT";

struct LifetimeCase {
  const char* section;
  List response;
  std::optional<Seconds> lifetime;
};

TEST(FreshnessTest, LifetimeIsAsTheResponseTells) {
  const LifetimeCase kCases[] = {
      {"4.2.1 max-age", {{"Cache-Control", "max-age=10"}}, 10},
      {"4.2.1 s-maxage before max-age", {{"Cache-Control", "max-age=10, s-maxage=20"}}, 20},
      {"4.2.1 s-maxage before max-age", {{"Cache-Control", "max-age=10, s-maxage=0"}}, 0},
      {"4.2.1 max-age before Expires",
       {{"Date", kDate}, {"Expires", kMinuteLater}, {"Cache-Control", "max-age=10"}},
       10},
      {"4.2.1 Expires less Date", {{"Date", kDate}, {"Expires", kMinuteLater}}, 60},
      {"4.2.1 Expires less Date, of a clock behind ours",
       {{"Date", kMinuteBefore}, {"Expires", kMinuteLater}},
       120},
      {"5.3 Expires in the past", {{"Date", kDate}, {"Expires", kMinuteBefore}}, 0},
      {"5.3 Expires without Date", {{"Expires", kMinuteLater}}, 60},
      {"5.3 Expires that is no date", {{"Date", kDate}, {"Expires", "0"}}, 0},
      {"5.3 Expires that is no date", {{"Date", kDate}, {"Expires", "-1"}}, 0},
      {"4.2.2 no heuristics", {{"Date", kDate}, {"Last-Modified", kMinuteBefore}}, std::nullopt},
      {"4.2.2 no heuristics", {{"Cache-Control", "public"}}, std::nullopt},
      {"RFC 9213, 2.2 the targeted field alone",
       {{"CDN-Cache-Control", "max-age=600"}, {"Cache-Control", "max-age=10, s-maxage=20"}},
       600},
      {"RFC 9213, 2.2 in place of Expires too",
       {{"CDN-Cache-Control", "must-revalidate"}, {"Date", kDate}, {"Expires", kMinuteLater}},
       std::nullopt},
      {"RFC 9213, 2.1 malformed and it does not count",
       {{"CDN-Cache-Control", "max-age=:"}, {"Cache-Control", "max-age=10"}},
       10},
  };
  for (const LifetimeCase& one : kCases) {
    EXPECT_EQ(freshness_lifetime(one.response, kNow), one.lifetime) << one.section;
  }
}

struct AgeCase {
  const char* section;
  List response;
  Millis request_ms;
  Seconds age;
};

TEST(FreshnessTest, AgeIsTheMostThatItCanBe) {
  const AgeCase kCases[] = {
      {"4.2.3 nothing tells it", {}, kNow, 0},
      {"4.2.3 apparent_age", {{"Date", kMinuteBefore}}, kNow, 60},
      {"4.2.3 apparent_age is never below 0", {{"Date", kMinuteLater}}, kNow, 0},
      {"4.2.3 corrected_age_value, with the delay", {{"Age", "30"}}, kNow - 2000, 32},
      {"4.2.3 the larger of both", {{"Date", kMinuteBefore}, {"Age", "30"}}, kNow, 60},
      {"4.2.3 the larger of both", {{"Date", kMinuteBefore}, {"Age", "90"}}, kNow, 90},
      {"5.1 no number is left out", {{"Age", "abc"}}, kNow, 0},
      {"5.1 no number is left out", {{"Age", "-5"}}, kNow, 0},
      {"5.1 the first counts", {{"Age", "5, 10"}}, kNow, 5},
      {"1.2.2 too large", {{"Age", "99999999999999999999999"}}, kNow, kMaxSeconds},
  };
  for (const AgeCase& one : kCases) {
    EXPECT_EQ(initial_age(one.response, one.request_ms, kNow), one.age) << one.section;
  }
  EXPECT_EQ(current_age(30, kNow, kNow + 12'500), 42U);
  EXPECT_EQ(current_age(30, kNow, kNow - 5'000), 30U);
  EXPECT_EQ(current_age(kMaxSeconds, kNow, kNow + 5'000), kMaxSeconds);
}

struct ReuseCase {
  const char* section;
  const char* response;
  const char* request;
  Seconds age;  // of a response that is good for 100 s
  Reuse reuse;
};

TEST(FreshnessTest, ReuseIsWhatBothSidesAllow) {
  const ReuseCase kCases[] = {
      {"4.2 fresh", "max-age=100", "", 99, Reuse::kFresh},
      {"4.2 as old as its lifetime is stale", "max-age=100", "", 100, Reuse::kValidate},
      {"5.2.2.4 no-cache", "no-cache", "", 1, Reuse::kValidate},
      {"5.2.1.4 no-cache", "", "no-cache", 1, Reuse::kValidate},
      {"5.2.1.1 max-age", "", "max-age=10", 10, Reuse::kFresh},
      {"5.2.1.1 max-age", "", "max-age=10", 11, Reuse::kValidate},
      {"5.2.1.1 max-age=0", "", "max-age=0", 1, Reuse::kValidate},
      {"5.2.1.3 min-fresh", "", "min-fresh=50", 50, Reuse::kFresh},
      {"5.2.1.3 min-fresh", "", "min-fresh=50", 51, Reuse::kValidate},
      {"5.2.1.2 max-stale", "", "max-stale=50", 150, Reuse::kStale},
      {"5.2.1.2 max-stale", "", "max-stale=50", 151, Reuse::kValidate},
      {"5.2.1.2 max-stale without a number", "", "max-stale", 9999, Reuse::kStale},
      {"5.2.2.2 must-revalidate", "must-revalidate", "max-stale", 101, Reuse::kValidate},
      {"5.2.2.8 proxy-revalidate", "proxy-revalidate", "max-stale", 101, Reuse::kValidate},
      {"5.2.2.10 s-maxage", "s-maxage=100", "max-stale", 101, Reuse::kValidate},
      {"RFC 5861, 3", "stale-while-revalidate=10", "", 110, Reuse::kStaleWhileRevalidate},
      {"RFC 5861, 3", "stale-while-revalidate=10", "", 111, Reuse::kValidate},
      {"RFC 5861, 3, still fresh", "stale-while-revalidate=10", "", 99, Reuse::kFresh},
      {"4.2.4 must-revalidate forbids it", "stale-while-revalidate=10, must-revalidate", "", 101,
       Reuse::kValidate},
      {"5.2.1.1 the client's word on age", "stale-while-revalidate=10", "max-age=10", 105,
       Reuse::kValidate},
  };
  for (const ReuseCase& one : kCases) {
    const List response = {{"Cache-Control", one.response}};
    const List request = {{"Cache-Control", one.request}};
    const StoredFreshness stored{
        .lifetime = 100, .age = one.age, .control = response_cache_control(response)};
    EXPECT_EQ(decide_reuse(stored, request_cache_control(request)), one.reuse)
        << one.section << ": " << one.age << " s, " << one.response << " / " << one.request;
  }
}

TEST(FreshnessTest, ErrorsAreCoveredWithinTheirTime) {
  const auto may = [](Seconds age, const char* response, const char* request) {
    const List stored = {{"Cache-Control", response}};
    const List asking = {{"Cache-Control", request}};
    return may_stand_in_for_error(
        {.lifetime = 100, .age = age, .control = response_cache_control(stored)},
        request_cache_control(asking));
  };
  EXPECT_TRUE(may(150, "stale-if-error=50", ""));  // RFC 5861 section 4
  EXPECT_FALSE(may(151, "stale-if-error=50", ""));
  EXPECT_TRUE(may(150, "", "stale-if-error=50"));
  EXPECT_FALSE(may(150, "", ""));
  EXPECT_FALSE(may(101, "stale-if-error=50, must-revalidate", ""));
  EXPECT_FALSE(may(101, "stale-if-error=50, no-cache", ""));
}

TEST(FreshnessTest, PragmaCountsWithoutCacheControlOnly) {
  EXPECT_TRUE(request_cache_control(List{{"Pragma", "no-cache"}}).no_cache);  // section 5.4
  EXPECT_FALSE(
      request_cache_control(List{{"Pragma", "no-cache"}, {"Cache-Control", "max-age=1"}}).no_cache);
}

}  // namespace
}  // namespace farm::cache
