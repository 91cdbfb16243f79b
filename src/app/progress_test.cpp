#include "app/progress.h"

#include <gtest/gtest.h>

namespace farm::app {
namespace {

TEST(HumanBytes, TakesThreeDigitsAtMost) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1'000), "1.0 KB");
  EXPECT_EQ(human_bytes(9'940), "9.9 KB");
  EXPECT_EQ(human_bytes(9'960), "10 KB");
  EXPECT_EQ(human_bytes(829'183), "829 KB");
  EXPECT_EQ(human_bytes(999'600), "1.0 MB");
  EXPECT_EQ(human_bytes(1'400'000'000), "1.4 GB");
}

}  // namespace
}  // namespace farm::app
