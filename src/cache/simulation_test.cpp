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

// The disk takes what comes again after it left memory, and answers it from then on.
TEST(SimulationTest, ADiskTakesWhatMemoryCannotHold) {
  Trace trace;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 1000; ++i) {
      const std::string key = std::to_string(i);
      trace.add(key, 10'000);
      trace.add(key, 10'000);  // again, while it is there
    }
  }
  const SimulationOptions memory_only = {.capacity = 2 << 20, .object_max_bytes = 64 << 10};
  SimulationOptions with_disk = memory_only;
  with_disk.disk_bytes = 32 << 20;
  with_disk.disk_object_max_bytes = 512 << 10;
  const SimulationResult alone = simulate(trace, memory_only);
  const SimulationResult both = simulate(trace, with_disk);
  EXPECT_EQ(both.hits, alone.hits);
  EXPECT_EQ(alone.disk_hits, 0U);
  EXPECT_EQ(both.requests, 40'000U);
  EXPECT_GT(both.total_object_hit_ratio(), 0.9);
  EXPECT_DOUBLE_EQ(both.total_object_hit_ratio(), both.object_hit_ratio() + both.disk_hit_ratio());
  EXPECT_GT(both.disk.objects, 800U);
  EXPECT_LE(both.disk.bytes, 32U << 20);
  // Each object once, and a little around it.
  EXPECT_GT(both.disk_written_bytes, 1000U * 10'000);
  EXPECT_LT(both.disk_written_bytes, 1100U * 10'700);
  EXPECT_DOUBLE_EQ(both.write_ratio(), static_cast<double>(both.disk_written_bytes) / 4e8);
}

TEST(SimulationTest, LargeObjectsGoToTheDiskAtTheirSecondRequest) {
  Trace trace;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 10; ++i) trace.add(std::to_string(i), 200'000);
    trace.add("too large", 600'000);
  }
  const SimulationResult result = simulate(trace, {.capacity = 1 << 20,
                                                   .object_max_bytes = 64 << 10,
                                                   .disk_bytes = 64 << 20,
                                                   .disk_object_max_bytes = 512 << 10});
  EXPECT_EQ(result.hits, 0U);
  EXPECT_EQ(result.disk_hits, 20U);
  EXPECT_EQ(result.disk.refused_first, 10U);
  EXPECT_EQ(result.disk.refused_size, 4U);
}

TEST(SimulationTest, OfNothingIsNothing) {
  const SimulationResult result = simulate(Trace(), {.capacity = 10});
  EXPECT_EQ(result.object_hit_ratio(), 0);
  EXPECT_EQ(result.byte_hit_ratio(), 0);
}

}  // namespace
}  // namespace farm::cache
