#include "cache/ghost.h"

#include <gtest/gtest.h>

namespace farm::cache {
namespace {

// Hashes as spread as those of keys: the finalizer of MurmurHash3.
std::uint64_t hash_of(std::uint64_t n) {
  n = (n ^ n >> 33U) * 0xff51afd7ed558ccdU;
  n = (n ^ n >> 33U) * 0xc4ceb9fe1a85ec53U;
  return n ^ n >> 33U;
}

TEST(GhostTest, RemembersNothingAtFirst) {
  Ghost ghost;
  ghost.add(hash_of(1));
  EXPECT_FALSE(ghost.take(hash_of(1)));
}

TEST(GhostTest, TakesEachOnce) {
  Ghost ghost;
  ghost.set_limit(10);
  ghost.add(hash_of(1));
  EXPECT_FALSE(ghost.take(hash_of(2)));
  EXPECT_TRUE(ghost.take(hash_of(1)));
  EXPECT_FALSE(ghost.take(hash_of(1)));
}

TEST(GhostTest, ForgetsWhatIsOlderThanItsLimit) {
  constexpr std::uint64_t kLimit = 3000;
  constexpr std::uint64_t kAdded = 10000;
  Ghost ghost;
  ghost.set_limit(kLimit);
  for (std::uint64_t n = 0; n < kAdded; ++n) ghost.add(hash_of(n));
  std::uint64_t young = 0;
  std::uint64_t old = 0;
  for (std::uint64_t n = 0; n < kAdded; ++n) {
    if (ghost.take(hash_of(n))) ++(n < kAdded - kLimit ? old : young);
  }
  EXPECT_EQ(old, 0U);
  // Full buckets forget a few early.
  EXPECT_GE(young, kLimit * 95 / 100);
}

TEST(GhostTest, RemembersWhileItGrows) {
  Ghost ghost;
  for (std::uint64_t n = 0; n < 2000; ++n) {
    ghost.set_limit(n + 1);
    ghost.add(hash_of(n));
  }
  EXPECT_LE(ghost.memory_bytes(), 2000U * 8 * 3);
  std::uint64_t found = 0;
  for (std::uint64_t n = 0; n < 2000; ++n) found += ghost.take(hash_of(n)) ? 1 : 0;
  EXPECT_GE(found, 1800U);
}

}  // namespace
}  // namespace farm::cache
