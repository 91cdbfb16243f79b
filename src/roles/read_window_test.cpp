#include "roles/read_window.h"

#include <gtest/gtest.h>

namespace farm::roles {
namespace {

using photo::SizeCode;

TEST(ReadWindow, ReadsTheHeaderOnlyUntilItKnowsMore) {
  const ReadWindow window;
  EXPECT_EQ(window.of(SizeCode::kSmall).bytes, ReadWindow::kLeast);
}

TEST(ReadWindow, CoversMostOfWhatItHasSeen) {
  ReadWindow window;
  for (int i = 0; i < 1000; ++i) {
    window.learn(SizeCode::kSmall, 10'000 + static_cast<std::uint64_t>(i * 37 % 4'000));
  }
  EXPECT_GE(window.of(SizeCode::kSmall).bytes, 13'000U);
  EXPECT_LE(window.of(SizeCode::kSmall).bytes, 16'000U);
  EXPECT_EQ(window.of(SizeCode::kSmall).bytes % 512, 0U);
  EXPECT_EQ(window.of(SizeCode::kThumbnail).bytes, ReadWindow::kLeast) << "each code for itself";
}

TEST(ReadWindow, LeavesLargeSizesToASecondRead) {
  ReadWindow window;
  for (int i = 0; i < 100; ++i) window.learn(SizeCode::kLarge, 300'000);
  EXPECT_EQ(window.of(SizeCode::kLarge).bytes, ReadWindow::kLeast);
  for (int i = 0; i < 1000; ++i) window.learn(SizeCode::kLarge, 20'000);
  EXPECT_GE(window.of(SizeCode::kLarge).bytes, 20'000U) << "and learns anew";
}

TEST(ReadWindow, AsksForThePhotosOwnReachAndGuessesNoneThatIsDear) {
  ReadWindow window;
  for (int i = 0; i < 1000; ++i) {
    window.learn(SizeCode::kMedium, 30'000 + static_cast<std::uint64_t>(i * 7919 % 70'000));
  }
  EXPECT_EQ(window.of(SizeCode::kMedium).up_to, SizeCode::kMedium);
  EXPECT_EQ(window.of(SizeCode::kMedium).bytes, ReadWindow::kLeast) << "if nobody knows it";
}

TEST(ReadWindow, TakesEnoughForNearlyAllOfTheSmallest) {
  ReadWindow window;
  for (int i = 0; i < 1000; ++i) {
    window.learn(SizeCode::kThumbnail, 2'000 + static_cast<std::uint64_t>(i * 7919 % 3'000));
  }
  EXPECT_GE(window.of(SizeCode::kThumbnail).bytes, 5'000U);
  EXPECT_LE(window.of(SizeCode::kThumbnail).bytes, 8U << 10);
}

}  // namespace
}  // namespace farm::roles
