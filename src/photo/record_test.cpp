#include "photo/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "base/checksum.h"

namespace farm::photo {
namespace {

Bytes pattern(std::size_t size, unsigned start) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(start + i * 7 + i / 251);
  return bytes;
}

class RecordTest : public ::testing::Test {
 protected:
  RecordTest() {
    info_.id = {714859384938496};
    info_.version = 3;
    info_.server = 1023;
    info_.visibility = Visibility::kPrivate;
    info_.format = Format::kPng;
    info_.secret = Secret::random();
    info_.original_secret = Secret::random();
    info_.dimensions = {2725, 2225};
    info_.created_ms = 1795313940000;
    info_.changed_ms = 1795313950000;
    info_.owner = "ada";
    info_.title = "Sunset over the farm";
    info_.facts = {.taken_at = "2024-05-01T12:30:00",
                   .camera = "NIKON COOLPIX P6000",
                   .dominant_color = "#0a1b2c",
                   .thumb_hash = "1QcSHQRnh493V4dIh4eXh1h4kJUI"};
  }
  std::vector<SizeInput> sizes() const {
    return {{SizeCode::kSquare, Format::kJpeg, {75, 75}, square_},
            {SizeCode::kMedium, Format::kJpeg, {500, 408}, medium_},
            {SizeCode::kOriginal, Format::kPng, {2725, 2225}, original_}};
  }
  Bytes header() const { return encode_header(info_, sizes()).value(); }
  ErrorCode encode_error(std::span<const SizeInput> sizes) const {
    const auto encoded = encode_header(info_, sizes);
    return encoded ? ErrorCode::kInternal : encoded.error().code;
  }

  RecordInfo info_;
  Bytes square_ = pattern(2391, 1);
  Bytes medium_ = pattern(kRecordBlockBytes, 2);  // one block exactly
  Bytes original_ = pattern(3 * kRecordBlockBytes + 1, 3);
};

// Puts the checksum right again, so that what lies behind it is looked at.
void fix_checksum(Bytes& header) {
  store_le(header, 16, std::uint32_t{0});
  store_le(header, 16, crc32c(header));
}

TEST_F(RecordTest, RoundTrips) {
  const Bytes bytes = header();
  EXPECT_EQ(record_header_length(bytes).value(), bytes.size());
  const auto parsed = RecordView::parse(bytes);
  ASSERT_TRUE(parsed);
  const RecordView& view = parsed.value();
  const RecordInfo back = view.info();
  EXPECT_EQ(back.id, info_.id);
  EXPECT_EQ(back.version, 3U);
  EXPECT_EQ(back.server, 1023U);
  EXPECT_EQ(back.visibility, Visibility::kPrivate);
  EXPECT_EQ(back.format, Format::kPng);
  EXPECT_TRUE(back.secret.matches(info_.secret));
  EXPECT_TRUE(back.original_secret.matches(info_.original_secret));
  EXPECT_EQ(back.dimensions, info_.dimensions);
  EXPECT_EQ(back.created_ms, info_.created_ms);
  EXPECT_EQ(back.changed_ms, info_.changed_ms);
  EXPECT_EQ(back.owner, "ada");
  EXPECT_EQ(back.title, "Sunset over the farm");
  EXPECT_EQ(back.facts, info_.facts);
  EXPECT_EQ(view.header_bytes(), bytes.size());
  EXPECT_EQ(view.header_bytes() % 8, 0U);
  EXPECT_EQ(view.record_bytes(), bytes.size() + square_.size() + medium_.size() + original_.size());
}

TEST_F(RecordTest, SizesLieOneBehindTheOther) {
  const Bytes bytes = header();
  const RecordView view = RecordView::parse(bytes).value();
  ASSERT_EQ(view.size_count(), 3U);
  std::uint64_t offset = bytes.size();
  const auto inputs = sizes();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const SizeEntry entry = view.size_at(i);
    EXPECT_EQ(entry.code, inputs[i].code);
    EXPECT_EQ(entry.format, inputs[i].format);
    EXPECT_EQ(entry.dimensions, inputs[i].dimensions);
    EXPECT_EQ(entry.offset, offset);
    EXPECT_EQ(entry.length, inputs[i].bytes.size());
    EXPECT_EQ(view.find(inputs[i].code)->offset, offset);
    offset += entry.length;
  }
  EXPECT_FALSE(view.find(SizeCode::kLarge));
}

TEST_F(RecordTest, VerifiesBlockByBlock) {
  const Bytes bytes = header();
  const RecordView view = RecordView::parse(bytes).value();
  const SizeEntry original = *view.find(SizeCode::kOriginal);
  const ByteView all = original_;
  EXPECT_TRUE(view.verify(original, 0, all));
  EXPECT_TRUE(view.verify(original, 1, all.subspan(kRecordBlockBytes, kRecordBlockBytes)));
  EXPECT_TRUE(view.verify(original, 3, all.last(1)));
  EXPECT_TRUE(view.verify(original, 2, all.subspan(2 * kRecordBlockBytes)));
  EXPECT_TRUE(view.verify(*view.find(SizeCode::kMedium), 0, medium_));
  // At the wrong place, cut inside a block, too long, beyond the end.
  EXPECT_FALSE(view.verify(original, 1, all.first(kRecordBlockBytes)));
  EXPECT_FALSE(view.verify(original, 0, all.first(100)));
  EXPECT_FALSE(view.verify(original, 1, all));
  EXPECT_FALSE(view.verify(original, 5, all.first(1)));
  EXPECT_FALSE(view.verify(original, ~std::uint64_t{0} / kRecordBlockBytes, all.first(1)));
}

TEST_F(RecordTest, VerifyNoticesEveryFlippedBit) {
  const Bytes bytes = header();
  const RecordView view = RecordView::parse(bytes).value();
  const SizeEntry square = *view.find(SizeCode::kSquare);
  for (std::size_t bit = 0; bit < square_.size() * 8; bit += 5) {
    Bytes damaged = square_;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    ASSERT_FALSE(view.verify(square, 0, damaged));
  }
}

TEST_F(RecordTest, TheFingerprintFollowsTheBytes) {
  const Bytes bytes = header();
  const RecordView view = RecordView::parse(bytes).value();
  const std::uint64_t before = view.fingerprint(*view.find(SizeCode::kOriginal));
  EXPECT_NE(before, view.fingerprint(*view.find(SizeCode::kSquare)));
  original_.back() ^= std::byte{1};
  info_.version = 4;
  const Bytes changed = header();
  const RecordView other = RecordView::parse(changed).value();
  EXPECT_NE(other.fingerprint(*other.find(SizeCode::kOriginal)), before);
  EXPECT_EQ(other.fingerprint(*other.find(SizeCode::kSquare)),
            view.fingerprint(*view.find(SizeCode::kSquare)));
}

TEST_F(RecordTest, ParsesFromTheRecordsStart) {
  Bytes bytes = header();
  const std::size_t length = bytes.size();
  bytes.insert(bytes.end(), square_.begin(), square_.end());
  EXPECT_EQ(RecordView::parse(bytes).value().header_bytes(), length);
}

TEST_F(RecordTest, StringsMayBeMissingOrLong) {
  info_.owner = {};
  info_.title = {};
  const Bytes none = header();
  EXPECT_EQ(RecordView::parse(none).value().info().owner, "");
  const std::string owner(kMaxOwnerBytes, 'o');
  const std::string title(kMaxTitleBytes, 't');
  info_.owner = owner;
  info_.title = title;
  const Bytes longest = header();
  EXPECT_EQ(RecordView::parse(longest).value().info().owner, owner);
  EXPECT_EQ(RecordView::parse(longest).value().info().title, title);
}

TEST_F(RecordTest, EncodingRefusesWhatIsOutOfBounds) {
  const auto all = sizes();
  EXPECT_EQ(encode_error({}), ErrorCode::kInvalidArgument);
  const std::vector<SizeInput> wrong_order = {all[2], all[0]};
  EXPECT_EQ(encode_error(wrong_order), ErrorCode::kInvalidArgument);
  const std::vector<SizeInput> twice = {all[0], all[0], all[2]};
  EXPECT_EQ(encode_error(twice), ErrorCode::kInvalidArgument);
  const std::vector<SizeInput> hollow = {{SizeCode::kSquare, Format::kJpeg, {1, 1}, {}}, all[2]};
  EXPECT_EQ(encode_error(hollow), ErrorCode::kInvalidArgument);
  const std::string long_owner(kMaxOwnerBytes + 1, 'o');
  const std::string long_title(kMaxTitleBytes + 1, 't');
  info_.owner = long_owner;
  EXPECT_EQ(encode_error(all), ErrorCode::kInvalidArgument);
  info_.owner = {};
  info_.facts.dominant_color = "red";
  EXPECT_EQ(encode_error(all), ErrorCode::kInvalidArgument);
  info_.facts = {};
  info_.title = long_title;
  EXPECT_EQ(encode_error(all), ErrorCode::kInvalidArgument);
  info_.title = {};
  info_.id = {};
  EXPECT_EQ(encode_error(all), ErrorCode::kInvalidArgument);
  info_.id = {1ULL << 63};
  EXPECT_EQ(encode_error(all), ErrorCode::kInvalidArgument);
  info_.id = {1};
  info_.version = 0;
  EXPECT_EQ(encode_error(all), ErrorCode::kInvalidArgument);
}

TEST_F(RecordTest, NoticesEveryFlippedBitOfTheHeader) {
  const Bytes bytes = header();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto parsed = RecordView::parse(damaged);
    ASSERT_FALSE(parsed) << "bit " << bit;
    ASSERT_EQ(parsed.error().code, ErrorCode::kCorrupt);
  }
}

TEST_F(RecordTest, RefusesEveryCutHeader) {
  const Bytes bytes = header();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_FALSE(RecordView::parse(ByteView(bytes).first(length))) << length;
  }
}

// Damage that somebody has put a good checksum on.
TEST_F(RecordTest, RefusesEveryImpossibleHeader) {
  const Bytes bytes = header();
  const auto refused = [&](const std::function<void(Bytes&)>& change) {
    Bytes changed = bytes;
    change(changed);
    fix_checksum(changed);
    return !RecordView::parse(changed);
  };
  constexpr std::size_t kEntry = 96;  // the first of the directory
  EXPECT_FALSE(refused([](Bytes&) {}));
  EXPECT_TRUE(refused([](Bytes& h) { h[0] = std::byte{'x'}; }));
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, 8, std::uint16_t{2}); }));    // format version
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, 10, std::uint16_t{0}); }));   // no size
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, 10, std::uint16_t{2}); }));   // one too few
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, 10, std::uint16_t{17}); }));  // too many
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, 20, std::uint32_t{1}); }));   // flags
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, 24, std::uint64_t{0}); }));   // id
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, 24, std::uint64_t{1} << 63); }));
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, 32, std::uint32_t{0}); }));  // version
  EXPECT_TRUE(refused([](Bytes& h) { h[38] = std::byte{2}; }));               // visibility
  EXPECT_TRUE(refused([](Bytes& h) { h[39] = std::byte{99}; }));              // format
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, 68, std::uint32_t{3}); }));  // texts' length
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, 88, std::uint64_t{5}); }));  // record's length
  EXPECT_TRUE(refused([](Bytes& h) { h[kEntry] = std::byte{'?'}; }));         // size code
  EXPECT_TRUE(refused([](Bytes& h) { h[kEntry] = std::byte{'-'}; }));         // a code twice
  EXPECT_TRUE(refused([](Bytes& h) { h[kEntry] = std::byte{'o'}; }));
  EXPECT_TRUE(refused([](Bytes& h) { h[kEntry + 1] = std::byte{0}; }));  // format of a size
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, kEntry + 2, std::uint16_t{1}); }));
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, kEntry + 12, std::uint32_t{1}); }));
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, kEntry + 16, std::uint64_t{0}); }));
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, kEntry + 24, std::uint64_t{0}); }));
  EXPECT_TRUE(refused([](Bytes& h) { store_le(h, kEntry + 24, ~std::uint64_t{0}); }));
}

TEST_F(RecordTest, KnowsTheHeadersLengthFromItsPrelude) {
  const Bytes bytes = header();
  const ByteView prelude = ByteView(bytes).first(kRecordPreludeBytes);
  EXPECT_EQ(record_header_length(prelude).value(), bytes.size());
  EXPECT_FALSE(record_header_length(prelude.first(kRecordPreludeBytes - 1)));
  for (const std::uint32_t length : {0U, 120U, 129U, 1U << 21, ~0U}) {
    Bytes changed(prelude.begin(), prelude.end());
    store_le(changed, 12, length);
    EXPECT_FALSE(record_header_length(changed)) << length;
  }
}

}  // namespace
}  // namespace farm::photo
