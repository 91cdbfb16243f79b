#include "cache/memory_tier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>

namespace farm::cache {
namespace {

MemoryTierOptions unit_cost(std::uint64_t objects, Policy policy) {
  return {.capacity_bytes = objects, .policy = policy, .unit_cost = true, .secret = {1, 2}};
}

ObjectRef put(MemoryTier& tier, std::string_view key, std::string_view body = "body",
              std::string_view tags = {}) {
  return tier.insert(ObjectDraft(
      {.key = key, .tags = tags, .head = "HTTP/1.1 200 OK\r\n\r\n", .body = as_bytes(body)}));
}

TEST(ObjectTest, HoldsItsPartsInOnePiece) {
  const std::string head = "HTTP/1.1 200 OK\r\nETag: \"abc\"\r\n\r\n";
  const ObjectDraft draft({.key = "GET\n/a",
                           .tags = "p1 p12 album7",
                           .head = head,
                           .etag = std::string_view(head).substr(head.find('"'), 5),
                           .body = as_bytes("picture"),
                           .meta = {.stored_ms = 7, .status = 200}});
  EXPECT_EQ(draft->key(), "GET\n/a");
  EXPECT_EQ(draft->head(), head);
  EXPECT_EQ(draft->etag(), "\"abc\"");
  EXPECT_EQ(as_text(draft->body()), "picture");
  EXPECT_EQ(as_text(draft->head_and_body()), head + "picture");
  EXPECT_EQ(draft->content_bytes(), head.size() + 7);
  EXPECT_EQ(draft->meta().stored_ms, 7);
  for (const char* tag : {"p1", "p12", "album7"}) EXPECT_TRUE(draft->has_tag(tag)) << tag;
  for (const char* tag : {"p", "p2", "album", "", "p1 p12"}) EXPECT_FALSE(draft->has_tag(tag));
}

TEST(ObjectTest, IsFilledInPlace) {
  ObjectDraft draft({.key = "k", .head = "head", .body_bytes = 3});
  std::ranges::copy(as_bytes("abc"), draft.body().begin());
  draft.meta().status = 206;
  EXPECT_EQ(as_text(draft->head_and_body()), "headabc");
  EXPECT_EQ(draft->meta().status, 206);
}

TEST(ObjectTest, KnowsWhatAnAllocatorGives) {
  // Size classes from the manual page of jemalloc, table 1.
  constexpr std::array<std::array<std::uint64_t, 2>, 12> kClasses = {{{1, 16},
                                                                      {16, 16},
                                                                      {17, 32},
                                                                      {128, 128},
                                                                      {129, 160},
                                                                      {256, 256},
                                                                      {257, 320},
                                                                      {1025, 1280},
                                                                      {14336, 14336},
                                                                      {14337, 16384 + 4096},
                                                                      {16385, 20480 + 4096},
                                                                      {65537, 81920 + 4096}}};
  for (const auto& [asked, given] : kClasses) EXPECT_EQ(allocated_bytes(asked), given) << asked;
}

TEST(ObjectTest, IsReadIntoItsRoom) {
  const std::string lead = "sixteen bytes, ..";
  const std::string payload = "keytags head: etagbody and what is not of it";
  ObjectRoom room(lead.size(), payload.size());
  std::ranges::copy(as_bytes(lead + payload), room.bytes().begin());
  EXPECT_EQ(as_text(room.payload()), payload);
  const ObjectRef object = room.finish({.key_bytes = 3,
                                        .tags_bytes = 5,
                                        .head_bytes = 10,
                                        .etag_offset = 6,
                                        .etag_bytes = 4,
                                        .body_bytes = 4},
                                       {.status = 206});
  EXPECT_EQ(object->key(), "key");
  EXPECT_EQ(object->tags(), "tags ");
  EXPECT_EQ(object->head(), "head: etag");
  EXPECT_EQ(object->etag(), "etag");
  EXPECT_EQ(as_text(object->body()), "body");
  EXPECT_EQ(object->meta().status, 206U);
  EXPECT_EQ(object->shape().payload_bytes(), 22U);
  EXPECT_EQ(as_text(object->payload()), payload.substr(0, 22));
  EXPECT_GE(object->memory_bytes(), sizeof(Object) + payload.size());
}

TEST(MemoryTierTest, TellsWhatItEvicts) {
  for (const Policy policy : {Policy::kS3Fifo, Policy::kLru}) {
    std::vector<std::pair<std::string, bool>> gone;
    MemoryTierOptions options = unit_cost(2, policy);
    options.evicted = [&](const ObjectRef& object, bool asked_again) {
      gone.emplace_back(object->key(), asked_again);
    };
    MemoryTier tier(options);
    put(tier, "/a");
    put(tier, "/b");
    EXPECT_TRUE(tier.find("/a"));
    put(tier, "/b");  // replaced: that is not eviction
    EXPECT_TRUE(gone.empty());
    tier.set_capacity(0);
    std::ranges::sort(gone);
    ASSERT_EQ(gone.size(), 2U);
    EXPECT_EQ(gone[0], std::pair(std::string("/a"), true));
    EXPECT_EQ(gone[1], std::pair(std::string("/b"), false));
    tier.erase("/a");
    EXPECT_EQ(gone.size(), 2U);
  }
}

TEST(MemoryTierTest, TakesBackWhatOthersHold) {
  MemoryTier tier(unit_cost(1, Policy::kS3Fifo));
  const ObjectRef first = put(tier, "/a");
  put(tier, "/b");
  EXPECT_FALSE(tier.find("/a"));
  tier.insert(first);
  tier.insert(first);
  ASSERT_TRUE(tier.find("/a"));
  EXPECT_EQ(&*tier.find("/a"), &*first);
  EXPECT_EQ(tier.stats().objects, 1U);
  EXPECT_EQ(tier.stats().bytes, 1U);
}

TEST(MemoryTierTest, FindsWhatWasPutIn) {
  MemoryTier tier({.capacity_bytes = 1 << 20});
  EXPECT_FALSE(tier.find("GET\n/a"));
  put(tier, "GET\n/a", "first");
  put(tier, "GET\n/b", "other");
  ASSERT_TRUE(tier.find("GET\n/a"));
  EXPECT_EQ(as_text(tier.find("GET\n/a")->body()), "first");
  put(tier, "GET\n/a", "second");
  EXPECT_EQ(as_text(tier.find("GET\n/a")->body()), "second");
  const TierStats stats = tier.stats();
  EXPECT_EQ(stats.objects, 2U);
  EXPECT_EQ(stats.admissions, 2U);
  EXPECT_EQ(stats.replacements, 1U);
  EXPECT_EQ(stats.hits, 3U);
  EXPECT_EQ(stats.misses, 1U);
}

TEST(MemoryTierTest, WhatIsHeldOutlivesEvictionAndTheTier) {
  ObjectRef held;
  {
    MemoryTier tier(unit_cost(1, Policy::kS3Fifo));
    held = put(tier, "a", "still here");
    put(tier, "b");
    EXPECT_FALSE(tier.find("a"));
  }
  EXPECT_EQ(as_text(held->body()), "still here");
}

TEST(MemoryTierTest, RefusesWhatIsTooLargeAndForgetsWhatItReplaces) {
  MemoryTier tier({.capacity_bytes = 64 << 10, .object_max_bytes = 1000, .shards = 2});
  put(tier, "a", "small");
  const ObjectRef refused = put(tier, "a", std::string(1000, 'x'));
  EXPECT_EQ(refused->body().size(), 1000U);
  EXPECT_FALSE(tier.find("a"));
  MemoryTier unbounded({.capacity_bytes = 64 << 10, .shards = 2});
  put(unbounded, "a", "small");
  put(unbounded, "a", std::string(40 << 10, 'x'));  // a shard has 32 KiB
  EXPECT_FALSE(unbounded.find("a"));
  EXPECT_EQ(tier.stats().refusals, 1U);
  EXPECT_EQ(unbounded.stats().refusals, 1U);
  EXPECT_EQ(unbounded.stats().objects, 0U);
}

TEST(MemoryTierTest, KeepsNothingWithoutCapacity) {
  MemoryTier tier({.capacity_bytes = 0});
  EXPECT_EQ(as_text(put(tier, "a")->body()), "body");
  EXPECT_FALSE(tier.find("a"));
  EXPECT_EQ(tier.stats().bytes, 0U);
}

TEST(MemoryTierTest, PurgesByTagPrefixAndPredicate) {
  MemoryTier tier({.capacity_bytes = 16 << 20, .shards = 4});
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    put(tier, "GET\n/" + std::to_string(i % 10) + "/" + n, n,
        "p" + n + " g" + std::to_string(i % 7));
  }
  EXPECT_EQ(tier.erase_tag("p12"), 1U);
  EXPECT_EQ(tier.erase_tag("p12"), 0U);
  EXPECT_EQ(tier.erase_tag("nothing"), 0U);
  EXPECT_EQ(tier.erase_tag("g0"), 143U);
  EXPECT_FALSE(tier.find("GET\n/7/7"));
  EXPECT_TRUE(tier.find("GET\n/8/8"));
  const std::uint64_t left = tier.stats().objects;
  const std::uint64_t gone = tier.erase_prefix("GET\n/8/");
  EXPECT_GT(gone, 80U);
  EXPECT_FALSE(tier.find("GET\n/8/8"));
  EXPECT_EQ(tier.stats().objects, left - gone);
  EXPECT_TRUE(tier.erase("GET\n/9/9"));
  EXPECT_FALSE(tier.erase("GET\n/9/9"));
  tier.erase_if([](const Object&) { return true; });
  EXPECT_EQ(tier.stats().objects, 0U);
  EXPECT_EQ(tier.stats().erasures, 1000U);
}

TEST(MemoryTierTest, ShrinksAndGrows) {
  for (const Policy policy : {Policy::kS3Fifo, Policy::kLru}) {
    MemoryTier tier({.capacity_bytes = 8 << 20, .policy = policy, .shards = 2});
    for (int i = 0; i < 5000; ++i) put(tier, "k" + std::to_string(i), std::string(2000, 'x'));
    EXPECT_GT(tier.stats().bytes, 7U << 20);
    tier.set_capacity(1 << 20);
    EXPECT_LE(tier.stats().bytes, 1U << 20);
    EXPECT_GT(tier.stats().objects, 300U);
    tier.set_capacity(1000);
    EXPECT_LE(tier.stats().bytes, 1000U);
    tier.set_capacity(2 << 20);
    put(tier, "again");
    EXPECT_TRUE(tier.find("again"));
  }
}

TEST(MemoryTierTest, ChoosesShardsByRoom) {
  Config config;
  config.memory_bytes = 4 << 20;
  EXPECT_EQ(MemoryTier(memory_tier_options(config)).stats().capacity, 4U << 20);
  // Odd capacities are spread without a rest.
  MemoryTier odd({.capacity_bytes = 1003, .shards = 8});
  EXPECT_EQ(odd.stats().capacity, 1003U);
}

TEST(LruTest, EvictsTheLeastRecentlyUsed) {
  MemoryTier tier(unit_cost(3, Policy::kLru));
  for (const char* key : {"a", "b", "c"}) put(tier, key);
  tier.find("a");
  put(tier, "d");
  EXPECT_FALSE(tier.find("b"));
  put(tier, "c", "newer");
  put(tier, "e");
  EXPECT_FALSE(tier.find("a"));
  for (const char* key : {"c", "d", "e"}) EXPECT_TRUE(tier.find(key)) << key;
}

TEST(S3FifoTest, PassingTrafficDoesNotPushOutWhatIsAskedFor) {
  MemoryTier tier(unit_cost(100, Policy::kS3Fifo));
  for (int i = 0; i < 50; ++i) put(tier, "hot" + std::to_string(i));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(tier.find("hot" + std::to_string(i)));
  }
  for (int i = 0; i < 10000; ++i) put(tier, "once" + std::to_string(i));
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(tier.find("hot" + std::to_string(i))) << i;
  EXPECT_EQ(tier.stats().promotions, 50U);
}

TEST(S3FifoTest, OneHitIsNotEnoughForTheMainQueue) {
  MemoryTier tier(unit_cost(10, Policy::kS3Fifo));
  put(tier, "a");
  EXPECT_TRUE(tier.find("a"));
  for (int i = 0; i < 10; ++i) put(tier, std::to_string(i));
  EXPECT_FALSE(tier.find("a"));
  EXPECT_EQ(tier.stats().promotions, 0U);
}

TEST(S3FifoTest, WhatComesBackSoonGoesToTheMainQueue) {
  MemoryTier tier(unit_cost(10, Policy::kS3Fifo));
  put(tier, "a");
  for (int i = 0; i < 12; ++i) put(tier, std::to_string(i));
  EXPECT_FALSE(tier.find("a"));
  put(tier, "a");
  EXPECT_EQ(tier.stats().ghost_hits, 1U);
  for (int i = 100; i < 1000; ++i) put(tier, std::to_string(i));
  EXPECT_TRUE(tier.find("a"));
}

}  // namespace
}  // namespace farm::cache
