#include "roles/read_window.h"

#include <gtest/gtest.h>

namespace farm::roles {
namespace {

using photo::SizeCode;

constexpr auto kNoHint = [] { return 0U; };

TEST(ReadWindow, ReadsTheHeaderOnlyUntilItKnowsMore) {
  const ReadWindow window;
  EXPECT_EQ(window.bytes(SizeCode::kSmall, kNoHint), ReadWindow::kLeast);
}

TEST(ReadWindow, CoversMostOfWhatItHasSeen) {
  ReadWindow window;
  for (int i = 0; i < 1000; ++i) {
    window.learn(SizeCode::kSmall, 10'000 + static_cast<std::uint64_t>(i * 37 % 4'000));
  }
  EXPECT_GE(window.bytes(SizeCode::kSmall, kNoHint), 13'000U);
  EXPECT_LE(window.bytes(SizeCode::kSmall, kNoHint), 16'000U);
  EXPECT_EQ(window.bytes(SizeCode::kSmall, kNoHint) % 512, 0U);
  EXPECT_EQ(window.bytes(SizeCode::kThumbnail, kNoHint), ReadWindow::kLeast) << "each code for itself";
}

TEST(ReadWindow, LeavesLargeSizesToASecondRead) {
  ReadWindow window;
  for (int i = 0; i < 100; ++i) window.learn(SizeCode::kLarge, 300'000);
  EXPECT_EQ(window.bytes(SizeCode::kLarge, kNoHint), ReadWindow::kLeast);
  for (int i = 0; i < 1000; ++i) window.learn(SizeCode::kLarge, 20'000);
  EXPECT_GE(window.bytes(SizeCode::kLarge, kNoHint), 20'000U) << "and learns anew";
}

TEST(ReadWindow, AsksForThePhotosOwnReachWhereAGuessIsDear) {
  ReadWindow window;
  for (int i = 0; i < 1000; ++i) {
    window.learn(SizeCode::kMedium, 30'000 + static_cast<std::uint64_t>(i * 7919 % 70'000));
    window.learn(SizeCode::kSmall, 9'000);
  }
  EXPECT_EQ(window.bytes(SizeCode::kMedium, [] { return 71'680U; }), 71'680U);
  EXPECT_EQ(window.bytes(SizeCode::kMedium, kNoHint), ReadWindow::kLeast);
  EXPECT_EQ(window.bytes(SizeCode::kMedium, [] { return 9'999'999U; }), ReadWindow::kMost);
  EXPECT_LE(window.bytes(SizeCode::kSmall, [] { return 71'680U; }), 12'000U) << "no need to ask";
}

}  // namespace
}  // namespace farm::roles
