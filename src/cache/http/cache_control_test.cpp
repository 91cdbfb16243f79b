#include "cache/http/cache_control.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace farm::cache {
namespace {

CacheControl parse(std::string_view value) {
  const net::HeaderView header{"cache-control", value};
  return parse_cache_control({&header, 1});
}
std::optional<CacheControl> parse_cdn(std::string_view value) {
  const net::HeaderView header{"CDN-Cache-Control", value};
  return parse_cdn_cache_control({&header, 1});
}

TEST(CacheControlTest, ReadsDirectives) {
  const CacheControl control = parse(
      "Public, MAX-AGE=60 ,s-maxage=\"120\",stale-while-revalidate=5, stale-if-error=7,, "
      "immutable");
  EXPECT_TRUE(control.is_public);
  EXPECT_TRUE(control.immutable);
  EXPECT_EQ(control.max_age, 60U);
  EXPECT_EQ(control.s_maxage, 120U);
  EXPECT_EQ(control.stale_while_revalidate, 5U);
  EXPECT_EQ(control.stale_if_error, 7U);
  EXPECT_FALSE(control.no_store || control.no_cache || control.is_private);
}

TEST(CacheControlTest, ReadsAllLinesOfTheField) {
  const std::vector<net::HeaderView> headers = {
      {"Cache-Control", "max-age=1"}, {"Via", "max-age=9"}, {"CACHE-CONTROL", "no-store"}};
  const CacheControl control = parse_cache_control(headers);
  EXPECT_EQ(control.max_age, 1U);
  EXPECT_TRUE(control.no_store);
}

struct NumberCase {
  const char* section;
  const char* text;
  std::optional<Seconds> max_age;
};

TEST(CacheControlTest, TakesNumbersForWhatTheyAre) {
  const NumberCase kCases[] = {
      {"1.2.2", "max-age=0", 0},
      {"1.2.2", "max-age=2147483648", kMaxSeconds},
      {"1.2.2", "max-age=99999999999", kMaxSeconds},
      {"1.2.2", "max-age=99999999999999999999999999", kMaxSeconds},
      {"4.2.1, no number is stale", "max-age=abc", 0},
      {"4.2.1, no number is stale", "max-age=-1", 0},
      {"4.2.1, no number is stale", "max-age=1.5", 0},
      {"4.2.1, no number is stale", "max-age=10s", 0},
      {"4.2.1, no number is stale", "max-age=", 0},
      {"4.2.1, no number is stale", "max-age", 0},
      {"4.2.1, the first counts", "max-age=5, max-age=10", 5},
      {"5.2, a string is taken too", "max-age=\"10\"", 10},
      {"5.2.2.1, white space around", "  max-age = 10 ", 10},
      {"5.2.3, others are left out", "x-max-age=10, max-aged=3", std::nullopt},
      {"5.6.1 of RFC 9110, between quotes is no directive", "x=\"a, max-age=1, b\"", std::nullopt},
      {"5.6.4 of RFC 9110, an escaped quote", R"(x="a\", max-age=1, b")", std::nullopt},
      {"an open quote swallows the rest", "x=\"a, max-age=1", std::nullopt},
  };
  for (const NumberCase& one : kCases) {
    EXPECT_EQ(parse(one.text).max_age, one.max_age) << one.section << ": " << one.text;
  }
}

TEST(CacheControlTest, TakesQualifiedFormsForTheWhole) {
  EXPECT_TRUE(parse("private=\"set-cookie, x-user\"").is_private);    // section 5.2.2.7
  EXPECT_TRUE(parse("no-cache=\"set-cookie\", max-age=1").no_cache);  // section 5.2.2.4
  EXPECT_EQ(parse("no-cache=\"set-cookie\", max-age=1").max_age, 1U);
}

TEST(CacheControlTest, AnOpenQuoteForbidsToStore) {
  EXPECT_TRUE(parse("max-age=9, x=\"a, no-cache").no_store);
  EXPECT_TRUE(parse(R"(x="a\")").no_store);
  EXPECT_FALSE(parse(R"(x="a\"", max-age=9)").no_store);
}

TEST(CacheControlTest, MaxStaleNeedsNoNumber) {
  EXPECT_EQ(parse("max-stale").max_stale, kMaxSeconds);  // section 5.2.1.2
  EXPECT_EQ(parse("max-stale=10").max_stale, 10U);
}

TEST(CdnCacheControlTest, IsADictionary) {
  EXPECT_EQ(parse_cdn("max-age=600")->max_age, 600U);
  EXPECT_TRUE(parse_cdn("no-store")->no_store);
  EXPECT_FALSE(parse_cdn("no-store=?0")->no_store);
  EXPECT_TRUE(parse_cdn("no-store=?1, max-age=1;x=2")->no_store);
  EXPECT_EQ(parse_cdn("max-age=1;x=2")->max_age, 1U);
  EXPECT_EQ(parse_cdn("max-age=1, max-age=2")->max_age, 2U);
  // RFC 9213 section 2.1: malformed or empty, and it does not count.
  for (const char* wrong : {"", "Max-Age=60", "max-age=", "max-age=a b", "max-age=\"x", "=3"}) {
    EXPECT_FALSE(parse_cdn(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace farm::cache
