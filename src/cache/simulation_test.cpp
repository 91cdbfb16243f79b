#include "cache/simulation.h"

#include <gtest/gtest.h>

#include <string>

namespace farm::cache {
namespace {

Trace loop_over(int objects, int rounds, std::uint64_t bytes) {
  Trace trace;
  for (int i = 0; i < objects * rounds; ++i) trace.add(std::to_string(i % objects), bytes);
  return trace;
}

TEST(SimulationTest, CountsFromTheFirstRequestOn) {
  const Trace trace = loop_over(10, 4, 1000);
  const SimulationResult all = simulate(trace, {.capacity = 10, .unit_cost = true});
  EXPECT_EQ(all.requests, 40U);
  EXPECT_DOUBLE_EQ(all.object_hit_ratio(), 0.75);
  EXPECT_DOUBLE_EQ(all.byte_hit_ratio(), 0.75);
  // One too few, and a loop never hits under LRU.
  const SimulationResult lru =
      simulate(trace, {.capacity = 9, .policy = Policy::kLru, .unit_cost = true});
  EXPECT_EQ(lru.hits, 0U);
}

TEST(SimulationTest, ChargesWhatObjectsWouldTake) {
  const Trace trace = loop_over(100, 2, 10'000);
  const SimulationResult result = simulate(trace, {.capacity = 1 << 20, .policy = Policy::kLru});
  EXPECT_LE(result.tier.bytes, 1U << 20);
  EXPECT_EQ(result.tier.objects, 85U);  // of 12 KiB, the size class of 10,000 and a head
  const SimulationResult large =
      simulate(trace, {.capacity = 1 << 20, .policy = Policy::kLru, .object_max_bytes = 9'999});
  EXPECT_EQ(large.tier.objects, 0U);
  EXPECT_EQ(large.tier.refusals, 200U);
}

TEST(SimulationTest, OfNothingIsNothing) {
  const SimulationResult result = simulate(Trace(), {.capacity = 10});
  EXPECT_EQ(result.object_hit_ratio(), 0);
  EXPECT_EQ(result.byte_hit_ratio(), 0);
}

}  // namespace
}  // namespace farm::cache
