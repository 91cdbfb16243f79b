#include "roles/rendition_cache.h"

#include <gtest/gtest.h>

namespace farm::roles {
namespace {

constexpr std::size_t kBytes = 1000;

RenditionPtr rendition(std::size_t bytes = kBytes) {
  return std::make_shared<const Rendition>(Rendition{photo::Format::kWebp, Bytes(bytes)});
}
std::string key(int number) { return "photo " + std::to_string(number); }

TEST(RenditionCacheTest, GivesBackWhatWasAdded) {
  RenditionCache cache(1 << 20);
  EXPECT_EQ(cache.find("a"), nullptr);
  const RenditionPtr added = rendition();
  cache.add("a", added);
  EXPECT_EQ(cache.find("a"), added);
  EXPECT_EQ(cache.find("b"), nullptr);
  cache.add("a", rendition());
  EXPECT_EQ(cache.find("a"), added) << "the first stays";
}

TEST(RenditionCacheTest, KeepsWithinItsBytesAndDropsTheLeastRecentlyUsed) {
  constexpr std::uint64_t kCapacity = 20 * kBytes;
  RenditionCache cache(kCapacity);
  for (int i = 0; i < 100; ++i) {
    cache.add(key(i), rendition());
    EXPECT_NE(cache.find(key(0)), nullptr) << "used all the time";
    EXPECT_LE(cache.bytes(), kCapacity);
  }
  EXPECT_GT(cache.bytes(), kCapacity * 8 / 10);
  EXPECT_NE(cache.find(key(99)), nullptr);
  EXPECT_EQ(cache.find(key(1)), nullptr);
}

TEST(RenditionCacheTest, DoesNotKeepWhatIsTooLarge) {
  RenditionCache cache(8 * kBytes);
  cache.add("small", rendition(100));
  cache.add("large", rendition(kBytes));
  EXPECT_EQ(cache.find("large"), nullptr);
  EXPECT_NE(cache.find("small"), nullptr);
  RenditionCache none(0);
  none.add("small", rendition(1));
  EXPECT_EQ(none.find("small"), nullptr);
  EXPECT_EQ(none.bytes(), 0U);
}

TEST(RenditionCacheTest, WhatIsHeldOutlivesItsPlace) {
  RenditionCache cache(20 * kBytes);
  cache.add("a", rendition(123));
  const RenditionPtr held = cache.find("a");
  for (int i = 0; i < 100; ++i) cache.add(key(i), rendition());
  EXPECT_EQ(cache.find("a"), nullptr);
  EXPECT_EQ(held->bytes.size(), 123U);
}

}  // namespace
}  // namespace farm::roles
