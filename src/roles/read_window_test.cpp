#include "roles/read_window.h"

#include <gtest/gtest.h>

namespace farm::roles {
namespace {

using photo::SizeCode;

TEST(ReadWindow, ReadsTheHeaderOnlyUntilItKnowsMore) {
  const ReadWindow window;
  EXPECT_EQ(window.bytes(SizeCode::kSmall), ReadWindow::kLeast);
}

TEST(ReadWindow, CoversMostOfWhatItHasSeen) {
  ReadWindow window;
  for (int i = 0; i < 1000; ++i) {
    window.learn(SizeCode::kSmall, 10'000 + static_cast<std::uint64_t>(i * 37 % 4'000));
  }
  EXPECT_GE(window.bytes(SizeCode::kSmall), 13'000U);
  EXPECT_LE(window.bytes(SizeCode::kSmall), 16'000U);
  EXPECT_EQ(window.bytes(SizeCode::kSmall) % 512, 0U);
  EXPECT_EQ(window.bytes(SizeCode::kThumbnail), ReadWindow::kLeast) << "each code for itself";
}

TEST(ReadWindow, LeavesLargeSizesToASecondRead) {
  ReadWindow window;
  for (int i = 0; i < 100; ++i) window.learn(SizeCode::kLarge, 300'000);
  EXPECT_EQ(window.bytes(SizeCode::kLarge), ReadWindow::kLeast);
  for (int i = 0; i < 1000; ++i) window.learn(SizeCode::kLarge, 20'000);
  EXPECT_GE(window.bytes(SizeCode::kLarge), 20'000U) << "and learns anew";
}

}  // namespace
}  // namespace farm::roles
