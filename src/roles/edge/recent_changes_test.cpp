#include "roles/edge/recent_changes.h"

#include <gtest/gtest.h>

namespace farm::roles {
namespace {

TEST(RecentChanges, TellsWhatChangedAfterAMark) {
  RecentChanges changes;
  const std::uint64_t before = changes.mark();
  changes.note("/a");
  const std::uint64_t between = changes.mark();
  changes.note("/b");
  EXPECT_TRUE(changes.changed("/a", before));
  EXPECT_FALSE(changes.changed("/a", between));
  EXPECT_TRUE(changes.changed("/b", between));
  EXPECT_FALSE(changes.changed("/c", before));
  EXPECT_FALSE(changes.changed("/b", changes.mark()));
}

TEST(RecentChanges, TellsMoreThanItKnowsWhereItHasForgotten) {
  RecentChanges changes;
  const std::uint64_t before = changes.mark();
  changes.note("/a");
  const std::uint64_t after_a = changes.mark();
  for (std::size_t i = 0; i < RecentChanges::kMost; ++i) changes.note("/b");
  EXPECT_TRUE(changes.changed("/c", before)) << "it cannot know";
  EXPECT_FALSE(changes.changed("/c", after_a));
  EXPECT_FALSE(changes.changed("/a", after_a));
  EXPECT_TRUE(changes.changed("/b", after_a));
}

TEST(RecentChanges, KeepsAKeyThatChangedAgainWhenItForgetsTheFirstTime) {
  RecentChanges changes;
  changes.note("/a");
  for (std::size_t i = 0; i + 1 < RecentChanges::kMost; ++i) changes.note(std::to_string(i));
  const std::uint64_t mark = changes.mark();
  changes.note("/a");
  for (std::size_t i = 0; i + 1 < RecentChanges::kMost; ++i) changes.note(std::to_string(i));
  EXPECT_TRUE(changes.changed("/a", mark));
}

}  // namespace
}  // namespace farm::roles
