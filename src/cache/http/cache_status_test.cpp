#include "cache/http/cache_status.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace farm::cache {
namespace {

std::string line(const CacheStatus& status, std::string_view name = "photofarm") {
  std::array<char, kMaxCacheStatusBytes> out;
  return {out.data(), write_cache_status(out, name, status)};
}

// Sections of RFC 9211.
TEST(CacheStatusTest, TellsWhatTheCacheDid) {
  EXPECT_EQ(line({}), "Cache-Status: photofarm\r\n");
  EXPECT_EQ(line({.hit = true, .ttl_s = 376}), "Cache-Status: photofarm; hit; ttl=376\r\n");  // 2.1
  EXPECT_EQ(line({.hit = true, .ttl_s = -412}),
            "Cache-Status: photofarm; hit; ttl=-412\r\n");  // 2.4
  EXPECT_EQ(line({.fwd = Fwd::kUriMiss, .fwd_status = 200, .ttl_s = 60, .stored = true}),
            "Cache-Status: photofarm; fwd=uri-miss; fwd-status=200; ttl=60; stored\r\n");  // 2.5
  EXPECT_EQ(line({.fwd = Fwd::kMiss, .collapsed = true}),
            "Cache-Status: photofarm; fwd=miss; collapsed\r\n");  // 2.6
  EXPECT_EQ(line({.fwd = Fwd::kStale, .fwd_status = 304}),
            "Cache-Status: photofarm; fwd=stale; fwd-status=304\r\n");  // 2.3
}

TEST(CacheStatusTest, HitAndForwardingExcludeEachOther) {
  // Section 2.1.
  EXPECT_EQ(line({.hit = true, .fwd = Fwd::kStale, .fwd_status = 200, .stored = true}),
            "Cache-Status: photofarm; hit\r\n");
}

TEST(CacheStatusTest, HasTheReasonsOfSection22) {
  constexpr std::array kReasons = {Fwd::kBypass, Fwd::kMethod,  Fwd::kUriMiss, Fwd::kVaryMiss,
                                   Fwd::kMiss,   Fwd::kRequest, Fwd::kStale,   Fwd::kPartial};
  std::string all;
  for (const Fwd fwd : kReasons) all += std::string(to_string(fwd)) + ' ';
  EXPECT_EQ(all, "bypass method uri-miss vary-miss miss request stale partial ");
}

TEST(CacheStatusTest, DetailAndNameAreTokensOrStrings) {
  // Sections 2 and 2.8, RFC 8941 sections 3.3.3 and 3.3.4.
  EXPECT_EQ(line({.hit = true, .detail = "disk"}), "Cache-Status: photofarm; hit; detail=disk\r\n");
  EXPECT_EQ(line({.hit = true, .detail = "a \"b\\c\"\r\n\x80"}),
            "Cache-Status: photofarm; hit; detail=\"a \\\"b\\\\c\\\"???\"\r\n");
  EXPECT_EQ(line({.hit = true, .detail = "7"}), "Cache-Status: photofarm; hit; detail=\"7\"\r\n");
  EXPECT_EQ(line({}, "edge 1"), "Cache-Status: \"edge 1\"\r\n");
  EXPECT_EQ(line({}, "edge1.example:8080"), "Cache-Status: edge1.example:8080\r\n");
}

TEST(CacheStatusTest, WritesAllOfItOrNothing) {
  const CacheStatus most{
      .fwd = Fwd::kVaryMiss,
      .fwd_status = 200,
      .ttl_s = std::numeric_limits<std::int64_t>::min(),
      .stored = true,
      .collapsed = true,
      .detail = "a sentence of sixty-four bytes, which is the most there may be.."};
  const std::string name(64, 'n');
  const std::string whole = line(most, name);
  ASSERT_TRUE(whole.ends_with("\r\n")) << whole;
  std::string out(whole.size(), 'x');
  EXPECT_EQ(write_cache_status(out, name, most), whole.size());
  out.pop_back();
  EXPECT_EQ(write_cache_status(out, name, most), 0U);
  EXPECT_EQ(write_cache_status({}, name, most), 0U);
}

}  // namespace
}  // namespace farm::cache
