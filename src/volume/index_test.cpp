#include "volume/index.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

namespace farm::volume {
namespace {

Location at(std::uint64_t offset, std::uint32_t bytes = 10, std::uint32_t version = 1) {
  return {.offset = offset, .bytes = bytes, .version = version, .slot = 3, .removed = false};
}

TEST(IndexTest, FindsWhatWasSet) {
  Index index;
  EXPECT_FALSE(index.find({5}));
  EXPECT_FALSE(index.set({5}, at(64)));
  EXPECT_EQ(index.find({5}), at(64));
  EXPECT_EQ(index.set({5}, at(128, 20, 2)), at(64));
  EXPECT_EQ(index.find({5}), at(128, 20, 2));
  EXPECT_FALSE(index.find({6}));
  EXPECT_FALSE(index.find({0}));
}

TEST(IndexTest, KeepsANoteForTheVersionItIsOf) {
  Index index;
  index.set({5}, at(64, 500'000, 2));
  EXPECT_EQ(index.find({5})->note, 0U);
  index.set_note({5}, 1, 4096);
  EXPECT_EQ(index.find({5})->note, 0U) << "another version's";
  index.set_note({5}, 2, 0x7fff);
  EXPECT_EQ(index.find({5})->note, 0x7fffU);
  EXPECT_EQ(index.find({5}), at(64, 500'000, 2)) << "it is where it was";
  EXPECT_TRUE(index.move({5}, 3, 64, 4, 128));
  EXPECT_EQ(index.find({5})->note, 0x7fffU);
  index.set_note({6}, 1, 4096);
  EXPECT_FALSE(index.find({6}));
  index.set({5}, at(192, 10, 3));
  EXPECT_EQ(index.find({5})->note, 0U);
}

TEST(IndexTest, HoldsTheGreatestValues) {
  Index index;
  const Location greatest{.offset = kMaxIndexedOffset,
                          .bytes = 0xffff'ffff,
                          .version = 0xffff'ffff,
                          .slot = 0xfffe,
                          .removed = true};
  index.set({(1ULL << 63) - 1}, greatest);
  EXPECT_EQ(index.find({(1ULL << 63) - 1}), greatest);
}

TEST(IndexTest, CountsWhatIsLive) {
  Index index;
  index.set({1}, at(64, 100));
  index.set({2}, at(128, 1000));
  index.set({2}, at(192, 300, 2));
  index.set({3}, at(256, 50));
  Location tombstone = at(320, 0, 2);
  tombstone.removed = true;
  index.set({3}, tombstone);
  const Index::Counts counts = index.counts();
  EXPECT_EQ(counts.photos, 2U);
  EXPECT_EQ(counts.removed, 1U);
  EXPECT_EQ(counts.live_bytes, 400U);
}

TEST(IndexTest, AgreesWithAMapAndStaysSmall) {
  Index index;
  std::unordered_map<std::uint64_t, Location> expected;
  std::mt19937_64 random(1);
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    // Half of them as one server makes them, half anywhere.
    const std::uint64_t id = i % 2 == 0 ? (1000 + i / 64) << 22 | 7 << 12 | i % 64 : random() >> 1;
    const Location location = at(64 * i, static_cast<std::uint32_t>(i));
    index.set({id}, location);
    expected[id] = location;
    if (i > 20'000 && i % 1000 == 0) {
      const Index::Counts counts = index.counts();
      ASSERT_LE(static_cast<double>(counts.memory_bytes) / static_cast<double>(counts.photos),
                42.0);  // 40 and the fixed part, which a million photos make small
    }
  }
  EXPECT_EQ(index.counts().photos, expected.size());
  for (const auto& [id, location] : expected) ASSERT_EQ(index.find({id}), location);
  std::size_t seen = 0;
  EXPECT_TRUE(index.for_each([&](PhotoId id, const Location& location) {
    ++seen;
    return expected.at(id.value) == location;
  }));
  EXPECT_EQ(seen, expected.size());
}

TEST(IndexTest, VisitingStopsWhenToldTo) {
  Index index;
  for (std::uint64_t id = 1; id < 100; ++id) index.set({id}, at(64 * id));
  int calls = 0;
  EXPECT_FALSE(index.for_each([&](PhotoId, const Location&) { return ++calls < 10; }));
  EXPECT_EQ(calls, 10);
}

TEST(IndexTest, IsReadWhileItGrows) {
  Index index;
  constexpr std::uint64_t kIds = 20'000;
  std::thread writer([&] {
    for (std::uint64_t id = 1; id <= kIds; ++id) index.set({id}, at(64 * id));
  });
  std::uint64_t hits = 0;
  for (std::uint64_t id = 1; id <= kIds; ++id) {
    if (const auto found = index.find({id})) {
      ASSERT_EQ(found->offset, 64 * id);
      ++hits;
    }
  }
  writer.join();
  EXPECT_LE(hits, kIds);
  EXPECT_EQ(index.counts().photos, kIds);
}

}  // namespace
}  // namespace farm::volume
