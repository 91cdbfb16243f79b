#include "photo/size_code.h"

#include <gtest/gtest.h>

#include <set>

namespace farm::photo {
namespace {

Dimensions scale(std::uint32_t width, std::uint32_t height, SizeCode code) {
  return scaled({width, height}, spec_of(code));
}

TEST(SizeCodeTest, EveryCodeIsFoundAndNoOther) {
  std::set<char> codes;
  for (const SizeSpec& spec : kSizes) {
    const char code = static_cast<char>(spec.code);
    EXPECT_TRUE(codes.insert(code).second);
    ASSERT_NE(find_size(code), nullptr);
    EXPECT_EQ(find_size(code)->code, spec.code);
    EXPECT_EQ(spec_of(spec.code).side_px, spec.side_px);
  }
  for (int code = 0; code < 256; ++code) {
    const char c = static_cast<char>(code);
    EXPECT_EQ(find_size(c) != nullptr, codes.contains(c)) << code;
  }
}

TEST(ScaledTest, TheLongestSideIsBound) {
  EXPECT_EQ(scale(2725, 2225, SizeCode::kMedium), (Dimensions{500, 408}));
  EXPECT_EQ(scale(2225, 2725, SizeCode::kMedium), (Dimensions{408, 500}));
  EXPECT_EQ(scale(4000, 3000, SizeCode::kThumbnail), (Dimensions{100, 75}));
  EXPECT_EQ(scale(4000, 3000, SizeCode::kLarge), (Dimensions{1024, 768}));
  EXPECT_EQ(scale(1000, 1000, SizeCode::kSmall), (Dimensions{240, 240}));
}

TEST(ScaledTest, NothingIsEnlarged) {
  EXPECT_EQ(scale(300, 200, SizeCode::kMedium), (Dimensions{300, 200}));
  EXPECT_EQ(scale(500, 500, SizeCode::kMedium), (Dimensions{500, 500}));
  EXPECT_EQ(scale(1, 1, SizeCode::kThumbnail), (Dimensions{1, 1}));
  EXPECT_EQ(scale(9000, 7000, SizeCode::kOriginal), (Dimensions{9000, 7000}));
}

TEST(ScaledTest, NoSideVanishes) {
  EXPECT_EQ(scale(65'535, 1, SizeCode::kThumbnail), (Dimensions{100, 1}));
  EXPECT_EQ(scale(3, 60'000, SizeCode::kLarge2048), (Dimensions{1, 2048}));
}

TEST(ScaledTest, SquaresFitTheShortestSide) {
  EXPECT_EQ(scale(4000, 3000, SizeCode::kSquare), (Dimensions{75, 75}));
  EXPECT_EQ(scale(4000, 60, SizeCode::kSquare), (Dimensions{60, 60}));
  EXPECT_EQ(scale(150, 149, SizeCode::kBigSquare), (Dimensions{149, 149}));
}

// For any original: within the bound, not enlarged, and in proportion to a pixel.
TEST(ScaledTest, HoldsForManyShapes) {
  for (std::uint32_t width = 1; width < 70'000; width = width * 3 / 2 + 1) {
    for (std::uint32_t height = 1; height < 70'000; height = height * 5 / 3 + 1) {
      for (const SizeSpec& spec : kSizes) {
        const Dimensions made = scaled({width, height}, spec);
        ASSERT_GE(made.width, 1U);
        ASSERT_GE(made.height, 1U);
        ASSERT_LE(made.width, width);
        ASSERT_LE(made.height, height);
        if (spec.side_px == 0) continue;
        ASSERT_LE(std::max(made.width, made.height), std::max(spec.side_px, 1U));
        if (spec.square) {
          ASSERT_EQ(made.width, made.height);
          continue;
        }
        const double factor = std::min(1.0, 1.0 * spec.side_px / std::max(width, height));
        ASSERT_NEAR(made.width, std::max(1.0, width * factor), 0.51);
        ASSERT_NEAR(made.height, std::max(1.0, height * factor), 0.51);
      }
    }
  }
}

TEST(FormatTest, NumbersAndNamesGoBothWays) {
  std::set<std::string_view> names;
  for (std::uint8_t number = 1; number <= 7; ++number) {
    const auto format = format_from_number(number);
    ASSERT_TRUE(format);
    EXPECT_EQ(static_cast<std::uint8_t>(*format), number);
    EXPECT_TRUE(names.insert(extension(*format)).second);
    EXPECT_EQ(format_from_extension(extension(*format)), format);
    EXPECT_TRUE(media_type(*format).starts_with("image/"));
  }
  EXPECT_FALSE(format_from_number(0));
  EXPECT_FALSE(format_from_number(8));
  for (const char* no : {"", "jpeg", "JPG", "jp", "jpgg", "svg"}) {
    EXPECT_FALSE(format_from_extension(no)) << no;
  }
  EXPECT_EQ(media_type(Format::kJpeg), "image/jpeg");
  EXPECT_EQ(extension(Format::kJpeg), "jpg");
}

}  // namespace
}  // namespace farm::photo
