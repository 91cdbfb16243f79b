#include "store/reach.h"

#include <gtest/gtest.h>

#include <vector>

namespace farm::store {
namespace {

using photo::SizeCode;

// The header of a record whose sizes are so many bytes long.
Bytes header_of(const std::vector<std::pair<SizeCode, std::size_t>>& sizes) {
  static const Bytes bytes(1 << 20);
  photo::RecordInfo info;
  info.id = {1};
  std::vector<photo::SizeInput> inputs;
  for (const auto& [code, length] : sizes) {
    inputs.push_back({code, photo::Format::kJpeg, {1, 1}, ByteView(bytes).first(length)});
  }
  return photo::encode_header(info, inputs).value();
}

Reach reach_of(const std::vector<std::pair<SizeCode, std::size_t>>& sizes) {
  const Bytes header = header_of(sizes);
  return Reach::of(photo::RecordView::parse(header).value());
}

TEST(ReachTest, HoldsEachSizeAndLittleMore) {
  for (std::size_t length = 1; length <= Reach::kUsualWindow; length += 1 + length / 7) {
    const std::vector<std::pair<SizeCode, std::size_t>> sizes = {
        {SizeCode::kSquare, 1 + length / 9},
        {SizeCode::kSmall, 1 + length / 4},
        {SizeCode::kMedium, 1 + length / 2},
        {SizeCode::kLarge, length},
        {SizeCode::kOriginal, 500'000}};
    const Bytes header = header_of(sizes);
    const auto view = photo::RecordView::parse(header).value();
    const Reach reach = Reach::from_bits(Reach::of(view).bits());
    ASSERT_TRUE(reach.is_known());
    for (const SizeCode code : {SizeCode::kSmall, SizeCode::kMedium, SizeCode::kLarge}) {
      const auto size = view.find(code);
      const std::uint64_t end = size->offset + size->length;
      EXPECT_GE(reach.bytes_for(code), end);
      EXPECT_LE(reach.bytes_for(code), std::max<std::uint64_t>(1219, end * 6 / 5));
    }
    EXPECT_EQ(reach.bytes_for(SizeCode::kSquare), 0U) << "a guess does";
    EXPECT_EQ(reach.bytes_for(SizeCode::kOriginal), 0U);
  }
}

TEST(ReachTest, LeavesOutWhatIsLongOrFar) {
  const Reach longer = reach_of({{SizeCode::kSmall, 1000}, {SizeCode::kMedium, 65'537}});
  EXPECT_NE(longer.bytes_for(SizeCode::kSmall), 0U);
  EXPECT_EQ(longer.bytes_for(SizeCode::kMedium), 0U);
  const Reach far =
      reach_of({{SizeCode::kSquare, Reach::kFarthestBytes}, {SizeCode::kSmall, 9000}});
  EXPECT_EQ(far.bytes_for(SizeCode::kSmall), 0U);
  EXPECT_FALSE(far.is_known());
}

TEST(ReachTest, KeepsToTheWindow) {
  const Bytes header = header_of({{SizeCode::kSmall, 5000}, {SizeCode::kMedium, 20'000}});
  const Reach reach = Reach::of(photo::RecordView::parse(header).value(), 10'000);
  EXPECT_NE(reach.bytes_for(SizeCode::kSmall), 0U);
  EXPECT_EQ(reach.bytes_for(SizeCode::kMedium), 0U);
}

TEST(ReachTest, KnowsNothingOfAnotherSize) {
  EXPECT_FALSE(Reach().is_known());
  EXPECT_EQ(Reach().bytes_for(SizeCode::kSmall), 0U);
  const Reach small = reach_of({{SizeCode::kSmall, 3000}});
  EXPECT_NE(small.bytes_for(SizeCode::kSmall), 0U);
  EXPECT_EQ(small.bytes_for(SizeCode::kLarge), 0U);
}

}  // namespace
}  // namespace farm::store
