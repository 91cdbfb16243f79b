#include <algorithm>
#include <string>

#include "cache/disk/disk_tier_fixture.h"
#include "cache/disk/segment_files.h"

namespace farm::cache {
namespace {

TEST_F(DiskTierTest, FindsWhatWasOffered) {
  open();
  EXPECT_EQ(body_of("/a"), "");
  offer("/a", "first");
  offer("/b", "other");
  EXPECT_EQ(body_of("/a"), "first");  // while it waits
  tier_->flush();
  const ObjectRef found = tier_->read("/a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key(), "/a");
  EXPECT_EQ(found->tags(), "p1 p2");
  EXPECT_EQ(found->head(), kTestHead);
  EXPECT_EQ(found->etag(), "\"e\"");
  EXPECT_EQ(as_text(found->body()), "first");
  const ObjectMeta& meta = found->meta();
  EXPECT_EQ(meta.stored_ms, 1'700'000'000'000);
  EXPECT_EQ(meta.fresh_until_ms, 5);
  EXPECT_EQ(meta.last_modified_ms, -1);
  EXPECT_EQ(meta.initial_age_s, 7U);
  EXPECT_EQ(meta.purge_seq, 0xfeed'beef'0000'0001U);
  EXPECT_EQ(meta.status, 200U);
  EXPECT_EQ(meta.flags, 0xa5U);
  EXPECT_FALSE(found->expired());
  EXPECT_GE(found->memory_bytes(), sizeof(Object) + found->payload().size());
  const DiskStats stats = tier_->stats();
  EXPECT_EQ(stats.objects, 2U);
  EXPECT_EQ(stats.admissions, 2U);
  EXPECT_EQ(stats.hits, 2U);
  EXPECT_EQ(stats.misses, 1U);
  EXPECT_EQ(stats.disks, 1U);
  EXPECT_TRUE(stats.problems.empty());
}

TEST_F(DiskTierTest, NeverWaitsOnANetworkThread) {
  open();
  offer("/a", "body");
  tier_->flush();
  auto found = tier_->try_read("/a");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(as_text((*found)->body()), "body");
  files_.set_cached(false);
  EXPECT_FALSE(tier_->try_read("/a"));
  found = tier_->try_read("/none");
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
  EXPECT_EQ(body_of("/a"), "body");
}

TEST_F(DiskTierTest, TheNewestCounts) {
  open();
  offer("/a", "first");
  tier_->flush();
  offer("/a", "second");
  EXPECT_EQ(body_of("/a"), "second");
  tier_->flush();
  EXPECT_EQ(body_of("/a"), "second");
  // Not taken: what was there is gone as well.
  offer("/a", std::string(9000, 'x'));
  EXPECT_EQ(body_of("/a"), "");
  EXPECT_EQ(tier_->stats().refused_size, 1U);
}

TEST_F(DiskTierTest, TakesOnTheSecondRequest) {
  open();
  offer("/a", "body", false);
  EXPECT_EQ(body_of("/a"), "");
  EXPECT_EQ(tier_->stats().refused_first, 1U);
  offer("/a", "body", false);
  EXPECT_EQ(body_of("/a"), "body");
}

TEST_F(DiskTierTest, WhatReplacesIsNoFirstRequest) {
  open();
  offer("/a", "first");
  offer("/a", "second", false);  // while that waits
  EXPECT_EQ(body_of("/a"), "second");
  tier_->flush();
  offer("/a", "third", false);
  EXPECT_EQ(body_of("/a"), "third");
  EXPECT_EQ(tier_->stats().admissions, 3U);
  const ObjectRef waiting = tier_->read("/a");
  tier_->offer(waiting, false);
  EXPECT_EQ(tier_->stats().already_there, 1U);
  EXPECT_EQ(tier_->stats().admissions, 3U);
}

TEST_F(DiskTierTest, KeepsToTheWriteBudget) {
  DiskTierOptions options = options_of();
  options.write_budget = 10'000;
  open(options);
  for (int i = 0; i < 20; ++i) offer("/" + std::to_string(i), std::string(2000, 'x'));
  // One more than fits into a second: what is left of it is not nothing.
  EXPECT_EQ(tier_->stats().admissions, 5U);
  EXPECT_EQ(tier_->stats().refused_budget, 15U);
  clock_.advance(500);
  for (int i = 0; i < 20; ++i) offer("/again" + std::to_string(i), std::string(2000, 'x'));
  EXPECT_EQ(tier_->stats().admissions, 7U);
  clock_.advance(60'000);  // no more than a second's worth is saved
  // Refused for the budget, they need not be asked for twice once more.
  for (int i = 10; i < 20; ++i) offer("/" + std::to_string(i), std::string(2000, 'x'), false);
  EXPECT_EQ(tier_->stats().admissions, 12U);
}

TEST_F(DiskTierTest, BoundsItsQueue) {
  DiskTierOptions options = options_of();
  options.queue_bytes = 8 << 10;
  open(options);
  offer("/fits", std::string(6000, 'x'));
  offer("/a", "older");
  std::uint64_t refused = 0;
  for (int i = 0; i < 200 && refused == 0; ++i) {
    offer("/a", std::string(6000, 'x'));
    refused = tier_->stats().refused_queue;
  }
  EXPECT_GT(refused, 0U);
  EXPECT_LE(tier_->stats().queue_bytes, 8U << 10);
}

TEST_F(DiskTierTest, WritesNothingTwice) {
  open();
  offer("/a", "body");
  tier_->flush();
  const ObjectRef found = tier_->read("/a");
  const std::uint64_t written = tier_->stats().written_bytes;
  tier_->offer(found, true);
  tier_->flush();
  EXPECT_EQ(tier_->stats().written_bytes, written);
  EXPECT_EQ(tier_->stats().already_there, 1U);
  // The same key, but another object: that is another matter.
  offer("/a", "body");
  tier_->offer(found, true);
  tier_->flush();
  EXPECT_GT(tier_->stats().written_bytes, written);
}

TEST_F(DiskTierTest, ErasesForGood) {
  open();
  offer("/a", "body");
  offer("/b", "body");
  tier_->flush();
  EXPECT_TRUE(tier_->erase("/a"));
  EXPECT_FALSE(tier_->erase("/a"));
  offer("/c", "body");
  EXPECT_TRUE(tier_->erase("/c"));
  EXPECT_EQ(body_of("/a"), "");
  EXPECT_EQ(body_of("/c"), "");
  tier_->flush();
  kill();
  open();
  EXPECT_EQ(body_of("/a"), "");
  EXPECT_EQ(body_of("/b"), "body");
  EXPECT_EQ(body_of("/c"), "");
}

TEST_F(DiskTierTest, KeepsWhatIsExpired) {
  open();
  const ObjectRef object = test_object("/a", "body");
  object->expire();
  tier_->offer(object, true);
  tier_->flush();
  ASSERT_TRUE(tier_->read("/a"));
  EXPECT_TRUE(tier_->read("/a")->expired());
}

TEST_F(DiskTierTest, StaysWithinItsRoom) {
  open();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 500; ++i)
      offer("/" + std::to_string(round * 500 + i), std::string(4000, 'x'));
    tier_->flush();
  }
  const DiskStats stats = tier_->stats();
  EXPECT_LE(stats.bytes, 1U << 20);
  EXPECT_EQ(stats.capacity, 1U << 20);
  EXPECT_GT(stats.evictions, 0U);
  EXPECT_GT(stats.objects, 180U);  // of at most 256
  EXPECT_EQ(stats.objects + stats.evictions, 1500U);
  std::uint64_t on_disk = 0;
  const auto names = files_.list("/cache/a").value();
  for (const std::string& name : names) on_disk += files_.contents("/cache/a/" + name).size();
  EXPECT_LE(on_disk, (1U << 20) + 4096);
  EXPECT_EQ(body_of("/0"), "");
  EXPECT_TRUE(body_of("/1499") == std::string(4000, 'x'));
}

TEST_F(DiskTierTest, GivesSecondChances) {
  open();
  for (int i = 0; i < 20; ++i) {
    offer("/wanted" + std::to_string(i), std::string(4000, 'w'));
    for (int j = 0; j < 4; ++j) offer("/" + std::to_string(i) + "." + std::to_string(j), "beside");
    for (int j = 0; j < 4; ++j) offer("/large" + std::to_string(4 * i + j), std::string(4000, 'x'));
  }
  tier_->flush();
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 100; ++i) {
      offer("/" + std::to_string(round * 100 + i), std::string(4000, 'x'));
    }
    tier_->flush();
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(body_of("/wanted" + std::to_string(i)) == std::string(4000, 'w')) << round;
    }
  }
  const DiskStats stats = tier_->stats();
  EXPECT_GE(stats.reinsertions, 20U);
  EXPECT_EQ(stats.objects + stats.evictions, 2180U);
}

TEST_F(DiskTierTest, RestartsWithWhatItHad) {
  open();
  for (int i = 0; i < 100; ++i) offer("/" + std::to_string(i), test_body("/", i, 3000));
  tier_->flush();
  const std::uint64_t hash = tier_->hash("/1");
  tier_->stop();
  offer("/late", "body");  // no longer taken
  EXPECT_TRUE(body_of("/7") == test_body("/", 7, 3000));
  open();
  EXPECT_EQ(tier_->hash("/1"), hash);
  EXPECT_EQ(tier_->stats().objects, 100U);
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(body_of("/" + std::to_string(i)) == test_body("/", i, 3000));
  EXPECT_EQ(body_of("/late"), "");
  // As after an update of the operating system, once more, without the checkpoint.
  tier_.reset();
  ASSERT_TRUE(files_.remove("/cache/a/cache.checkpoint"));
  open();
  EXPECT_EQ(tier_->stats().objects, 100U);
}

TEST_F(DiskTierTest, AKillCostsWhatWaits) {
  open();
  for (int i = 0; i < 100; ++i) offer("/" + std::to_string(i), test_body("/", i, 3000));
  tier_->flush();
  kill();
  open();
  EXPECT_EQ(tier_->stats().objects, 100U);
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(body_of("/" + std::to_string(i)) == test_body("/", i, 3000));
}

TEST_F(DiskTierTest, LossOfPowerCostsTheLastSegment) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    open(options_of({{"/cache/" + std::to_string(seed), 1 << 20}}));
    for (int i = 0; i < 100; ++i) offer("/" + std::to_string(i), std::string(3000, 'x'));
    tier_->flush();
    lose_power(seed);
    open(options_of({{"/cache/" + std::to_string(seed), 1 << 20}}));
    // A segment has room for twenty of them.
    EXPECT_GE(tier_->stats().objects, 80U) << seed;
    tier_.reset();
  }
}

TEST_F(DiskTierTest, AStaleCheckpointBringsNothingBack) {
  open();
  offer("/replaced", "old");
  offer("/erased", "old");
  for (int i = 0; i < 30; ++i) offer("/" + std::to_string(i), std::string(3000, 'x'));
  tier_.reset();
  const Bytes checkpoint = files_.contents("/cache/a/cache.checkpoint");
  ASSERT_FALSE(checkpoint.empty());
  open();
  offer("/replaced", "new");
  tier_->erase("/erased");
  for (int i = 0; i < 30; ++i) offer("/again" + std::to_string(i), std::string(3000, 'x'));
  tier_.reset();
  files_.set_contents("/cache/a/cache.checkpoint", checkpoint);
  open();
  EXPECT_EQ(body_of("/replaced"), "new");
  EXPECT_EQ(body_of("/erased"), "");
  EXPECT_EQ(tier_->stats().objects, 61U);
  // And one that knows of more than there is.
  for (int i = 0; i < 60; ++i) offer("/more" + std::to_string(i), std::string(3000, 'x'));
  tier_.reset();
  std::vector<std::string> names = files_.list("/cache/a").value();
  std::erase_if(names, [](const auto& name) { return SegmentFiles::sequence_of(name) == 0; });
  ASSERT_TRUE(files_.remove("/cache/a/" + names.back()));
  open();
  EXPECT_EQ(body_of("/replaced"), "new");
  EXPECT_EQ(body_of("/more59"), "");
  EXPECT_GT(tier_->stats().objects, 61U);
  EXPECT_EQ(tier_->stats().corrupt, 0U);
}

TEST_F(DiskTierTest, DamageIsAMiss) {
  open();
  offer("/a", std::string(3000, 'x'));
  offer("/b", std::string(3000, 'x'));
  tier_->flush();
  files_.flip_bit("/cache/a/" + SegmentFiles::name_of(1), 1000, 3);
  EXPECT_EQ(body_of("/a"), "");
  EXPECT_TRUE(body_of("/b") == std::string(3000, 'x'));
  EXPECT_EQ(tier_->stats().corrupt, 1U);
  EXPECT_EQ(tier_->stats().objects, 1U);
}

TEST_F(DiskTierTest, ShrinksToASmallerSize) {
  open();
  for (int i = 0; i < 230; ++i) offer("/" + std::to_string(i), std::string(4000, 'x'));
  tier_->flush();
  open(options_of({{"/cache/a", 512 << 10}}));
  EXPECT_LE(tier_->stats().bytes, 512U << 10);
  EXPECT_TRUE(body_of("/229") == std::string(4000, 'x'));
  EXPECT_EQ(body_of("/0"), "");
  for (int i = 0; i < 230; ++i) offer("/more" + std::to_string(i), std::string(4000, 'x'));
  tier_->flush();
  EXPECT_LE(tier_->stats().bytes, 512U << 10);
}

TEST_F(DiskTierTest, OneProcessHasADirectory) {
  open();
  offer("/a", "body");
  const auto second = DiskTier::open(files_, clock_, options_of());
  ASSERT_TRUE(second);
  EXPECT_EQ(second.value()->stats().disks, 0U);
  ASSERT_EQ(second.value()->stats().problems.size(), 1U);
  EXPECT_NE(second.value()->stats().problems[0].find("locked"), std::string::npos);
  EXPECT_FALSE(second.value()->read("/a"));
  EXPECT_EQ(body_of("/a"), "body");
}

TEST_F(DiskTierTest, IsNothingWithoutDisks) {
  open(options_of({}));
  offer("/a", "body");
  EXPECT_EQ(body_of("/a"), "");
  EXPECT_FALSE(tier_->erase("/a"));
  ASSERT_TRUE(tier_->try_read("/a"));
  EXPECT_EQ(tier_->stats().disks, 0U);
}

TEST(SegmentBytesTest, FitTheDiskAndTheObjects) {
  constexpr std::uint64_t kMiB = 1 << 20;
  EXPECT_EQ(segment_bytes_for(100 << 10 << 10, 64 * kMiB, kMiB / 2), 6'553'600U);
  EXPECT_EQ(segment_bytes_for(kMiB << 20, 64 * kMiB, kMiB / 2), 64 * kMiB);
  EXPECT_EQ(segment_bytes_for(8 * kMiB, 64 * kMiB, kMiB / 2), 2 * kMiB);
  EXPECT_EQ(segment_bytes_for(kMiB << 20, kMiB << 20, 0), 256 * kMiB);
}

}  // namespace
}  // namespace farm::cache
