#include "net/byte_range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace farm::net {
namespace {

using Kind = RangeSet::Kind;

std::vector<ByteRange> ranges(std::string_view value, std::uint64_t length) {
  const RangeSet set = RangeSet::parse(value, length);
  return {set.ranges().begin(), set.ranges().end()};
}

TEST(ByteRange, Rfc9110Section14Examples) {
  EXPECT_THAT(ranges("bytes=0-499", 10'000), testing::ElementsAre(ByteRange{0, 499}));
  EXPECT_THAT(ranges("bytes=500-999", 10'000), testing::ElementsAre(ByteRange{500, 999}));
  EXPECT_THAT(ranges("bytes=-500", 10'000), testing::ElementsAre(ByteRange{9500, 9999}));
  EXPECT_THAT(ranges("bytes=9500-", 10'000), testing::ElementsAre(ByteRange{9500, 9999}));
  EXPECT_THAT(ranges("bytes=0-0,-1", 10'000),
              testing::ElementsAre(ByteRange{0, 0}, ByteRange{9999, 9999}));
  EXPECT_THAT(
      ranges("bytes= 0-999, 4500-5499, -1000", 10'000),
      testing::ElementsAre(ByteRange{0, 999}, ByteRange{4500, 5499}, ByteRange{9000, 9999}));
}

TEST(ByteRange, IsCutToWhatIsThere) {
  EXPECT_THAT(ranges("bytes=5-100", 10), testing::ElementsAre(ByteRange{5, 9}));
  EXPECT_THAT(ranges("bytes=-100", 10), testing::ElementsAre(ByteRange{0, 9}));
  EXPECT_THAT(ranges("bytes=20-30,9-", 10), testing::ElementsAre(ByteRange{9, 9}));
  EXPECT_EQ(ranges("bytes=3-3", 10).front().length(), 1U);
}

TEST(ByteRange, TakesListsWithHolesAndSpacesAndAnyCase) {
  EXPECT_THAT(ranges("Bytes=,\t1-2 , ,4-5,", 10),
              testing::ElementsAre(ByteRange{1, 2}, ByteRange{4, 5}));
}

TEST(ByteRange, WhatLiesOutsideIsUnsatisfiable) {
  for (const std::string_view value : {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=11-,12-13"}) {
    EXPECT_EQ(RangeSet::parse(value, 10).kind(), Kind::kUnsatisfiable) << value;
  }
  EXPECT_EQ(RangeSet::parse("bytes=0-", 0).kind(), Kind::kUnsatisfiable);
  EXPECT_EQ(RangeSet::parse("bytes=-5", 0).kind(), Kind::kUnsatisfiable);
}

TEST(ByteRange, WhatIsMalformedIsIgnored) {
  for (const std::string_view value :
       {"", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=1", "bytes=5-4",
        "bytes=1-2-3", "bytes=--1", "bytes=+1-2", "bytes=1- 2", "bytes=0x1-2", "bytes:0-1",
        "items=0-1", "0-1", "bytes=1-2;3-4",

        "bytes=0-1,x", "bytes=0-1,5-4"}) {
    const RangeSet set = RangeSet::parse(value, 10);
    EXPECT_EQ(set.kind(), Kind::kWhole) << value;
  }
}

TEST(ByteRange, MoreThanTheWholeIsIgnored) {
  EXPECT_EQ(RangeSet::parse("bytes=0-9", 10).kind(), Kind::kRanges);
  EXPECT_EQ(RangeSet::parse("bytes=0-,0-0", 10).kind(), Kind::kWhole);
  EXPECT_EQ(RangeSet::parse("bytes=0-5,0-5", 10).kind(), Kind::kWhole);
}

TEST(ByteRange, MoreThanSixteenAreIgnored) {
  std::string value = "bytes=0-0";
  for (int i = 1; i < 16; ++i) value += ",0-0";
  EXPECT_EQ(RangeSet::parse(value, 1000).ranges().size(), 16U);
  EXPECT_EQ(RangeSet::parse(value + ",0-0", 1000).kind(), Kind::kWhole);
}

TEST(ByteRange, NumbersBeyond64BitsAreOnlyLarge) {
  EXPECT_THAT(ranges("bytes=0-99999999999999999999", 10), testing::ElementsAre(ByteRange{0, 9}));
  EXPECT_THAT(ranges("bytes=-99999999999999999999", 10), testing::ElementsAre(ByteRange{0, 9}));
  EXPECT_EQ(RangeSet::parse("bytes=99999999999999999999-", 10).kind(), Kind::kUnsatisfiable);
}

TEST(ByteRange, TheLargestNumbers) {
  constexpr std::uint64_t kMax = ~std::uint64_t{0};
  EXPECT_THAT(ranges("bytes=18446744073709551614-", kMax),
              testing::ElementsAre(ByteRange{kMax - 1, kMax - 1}));
  EXPECT_THAT(ranges("bytes=-18446744073709551615", kMax),
              testing::ElementsAre(ByteRange{0, kMax - 1}));
}

}  // namespace
}  // namespace farm::net
