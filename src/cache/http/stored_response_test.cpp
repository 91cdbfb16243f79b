#include "cache/http/stored_response.h"

#include <gtest/gtest.h>

#include <array>

#include "cache/memory_tier.h"

namespace farm::cache {
namespace {

using List = std::vector<net::HeaderView>;

constexpr Millis kNow = 1'790'000'000'000;
constexpr StoreRules kNoRule = {.otherwise = {}, .negative_max = 60};
constexpr StoreRules kHour = {.otherwise = 3600, .negative_max = 60};

StoreDecision decide(int status, const List& response, const StoreRules& rules = kNoRule,
                     const List& request = {}) {
  return decide_store(request, status, response, rules, kNow);
}

class StoredResponseTest : public ::testing::Test {
 protected:
  ObjectRef object(std::string_view head, const ObjectMeta& meta = {}) {
    return tier_.insert(ObjectDraft({.key = "k", .head = head, .meta = meta}));
  }
  MemoryTier tier_{{.capacity_bytes = 1 << 20, .shards = 1}};
};

TEST_F(StoredResponseTest, LinesBecomeFields) {
  const auto fields = parse_header_lines("A: 1\r\nB:  two \r\nC:\r\nno field\r\nD: x:y\r\n");
  ASSERT_EQ(fields.size(), 4U);
  EXPECT_EQ(fields[0].name, "A");
  EXPECT_EQ(fields[1].value, "two");
  EXPECT_EQ(fields[2].value, "");
  EXPECT_EQ(fields[3].value, "x:y");
  EXPECT_TRUE(parse_header_lines("").empty());
  EXPECT_EQ(parse_header_lines("A: 1").size(), 1U) << "without its end";
  EXPECT_EQ(join_header_lines(fields), "A: 1\r\nB: two\r\nC: \r\nD: x:y\r\n");
  constexpr std::array<std::string_view, 2> kWithout = {"b", "D"};
  EXPECT_EQ(join_header_lines(fields, kWithout), "A: 1\r\nC: \r\n");
}

TEST_F(StoredResponseTest, AHeadIsAStatusLineAndLines) {
  const ObjectRef stored = object("HTTP/1.1 200 OK: fine\r\nETag: \"e\"\r\n");
  EXPECT_EQ(status_line(*stored), "HTTP/1.1 200 OK: fine\r\n");
  EXPECT_EQ(header_lines(*stored), "ETag: \"e\"\r\n");
  EXPECT_EQ(find_etag(header_lines(*stored)), "\"e\"");
  EXPECT_EQ(find_etag("Last-Modified: x\r\n"), "");
  const ObjectRef bare = object("HTTP/1.1 204 No Content\r\n");
  EXPECT_EQ(header_lines(*bare), "");
}

TEST_F(StoredResponseTest, StatusLines) {
  EXPECT_EQ(make_status_line(404, ""), "HTTP/1.1 404 Not Found\r\n");
  EXPECT_EQ(make_status_line(200, "Fine"), "HTTP/1.1 200 Fine\r\n");
}

TEST_F(StoredResponseTest, WhatTheResponseSaysGoesBeforeTheRule) {
  EXPECT_EQ(decide(200, {{"Cache-Control", "max-age=7"}}, kHour).lifetime, 7U);
  EXPECT_EQ(decide(200, {}, kHour).lifetime, 3600U);
  EXPECT_TRUE(decide(200, {}, kHour).stored);
  EXPECT_FALSE(decide(200, {}, kNoRule).stored);
  EXPECT_TRUE(decide(200, {}, kNoRule).pass) << "it is so for everybody";
}

TEST_F(StoredResponseTest, TheRuleIsForFinalWordsAlone) {
  for (const int status : {200, 203, 301, 308, 404, 410}) {
    EXPECT_TRUE(decide(status, {}, kHour).stored) << status;
  }
  for (const int status : {302, 307, 400, 403, 429, 500, 503}) {
    EXPECT_FALSE(decide(status, {}, kHour).stored) << status;
  }
  EXPECT_EQ(decide(404, {}, kHour).lifetime, 60U) << "an error's answer is not good for long";
}

TEST_F(StoredResponseTest, NoRuleMakesThatPublicWhichIsPrivate) {
  for (const net::HeaderView& line : List{{"Cache-Control", "no-store"},
                                          {"Cache-Control", "private"},
                                          {"Set-Cookie", "a=b"},
                                          {"Vary", "*"}}) {
    const StoreDecision decision = decide(200, {line}, kHour);
    EXPECT_FALSE(decision.stored) << line.name << line.value;
    EXPECT_TRUE(decision.pass) << line.name << line.value;
  }
}

TEST_F(StoredResponseTest, WhatOneRequestForbidsIsNotRememberedForAll) {
  const List fresh = {{"Cache-Control", "max-age=60"}};
  for (const net::HeaderView& line :
       List{{"Cache-Control", "no-store"}, {"Authorization", "Basic x"}}) {
    const StoreDecision decision = decide(200, fresh, kHour, {line});
    EXPECT_FALSE(decision.stored) << line.name;
    EXPECT_FALSE(decision.pass) << line.name;
  }
  const StoreDecision both =
      decide(200, {{"Cache-Control", "private"}}, kHour, {{"Cache-Control", "no-store"}});
  EXPECT_FALSE(both.pass);
  EXPECT_FALSE(decide(500, {{"Cache-Control", "no-store"}}).pass) << "a failure passes";
}

TEST_F(StoredResponseTest, NoCacheIsKeptAndAlwaysAskedAbout) {
  const StoreDecision decision = decide(200, {{"Cache-Control", "no-cache"}, {"ETag", "\"e\""}});
  EXPECT_TRUE(decision.stored);
  EXPECT_EQ(decision.flags, kMustValidate);
  ObjectMeta meta;
  meta.flags = decision.flags;
  EXPECT_FALSE(is_plain(meta));
  meta.flags = kNotForDisk;
  EXPECT_TRUE(is_plain(meta));
}

TEST_F(StoredResponseTest, TheMetaTellsHowLongItIsFresh) {
  const List response = {
      {"Cache-Control", "max-age=60, stale-while-revalidate=5, stale-if-error=9"},
      {"Age", "20"},
      {"Last-Modified", "Tue, 22 Nov 2022 11:00:00 GMT"}};
  const StoreDecision decision = decide(200, response);
  const ObjectMeta meta =
      make_meta(200, response, decision, {.request_ms = kNow - 3'000, .response_ms = kNow}, 17);
  EXPECT_EQ(meta.initial_age_s, 23U);
  EXPECT_EQ(meta.fresh_until_ms, kNow + 37'000);
  EXPECT_EQ(meta.last_modified_ms, 1'669'114'800'000);
  EXPECT_EQ(meta.purge_seq, 17U);

  const ObjectRef stored = object("HTTP/1.1 200 OK\r\n" + join_header_lines(response), meta);
  const StoredFreshness later = freshness_of(*stored, kNow + 36'999, true);
  EXPECT_EQ(later.age, 59U);
  EXPECT_EQ(later.lifetime, 60U);
  EXPECT_TRUE(later.fresh());
  EXPECT_EQ(later.control.max_age, 60U);
  EXPECT_EQ(later.control.stale_while_revalidate, 5U);
  EXPECT_EQ(later.control.stale_if_error, 9U);
  EXPECT_FALSE(freshness_of(*stored, kNow + 37'000, false).fresh());
  stored->expire();
  EXPECT_FALSE(freshness_of(*stored, kNow, false).fresh());
}

TEST_F(StoredResponseTest, WhatIsOlderThanItMayBeIsStaleFromTheFirst) {
  const List response = {{"Cache-Control", "max-age=60"}, {"Age", "100"}, {"ETag", "\"e\""}};
  const ObjectMeta meta =
      make_meta(200, response, decide(200, response), {.request_ms = kNow, .response_ms = kNow}, 0);
  EXPECT_EQ(meta.fresh_until_ms, kNow - 40'000);
  const ObjectRef stored = object("HTTP/1.1 200 OK\r\n", meta);
  const StoredFreshness now = freshness_of(*stored, kNow, false);
  EXPECT_EQ(now.lifetime, 60U);
  EXPECT_EQ(now.staleness(), 40U);
}

}  // namespace
}  // namespace farm::cache
