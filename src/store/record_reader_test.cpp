#include "store/record_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/fake_file.h"
#include "store/sample_record.h"
#include "store/volume_store.h"

namespace farm::store {
namespace {

using ::testing::SizeIs;

constexpr PhotoId kId{7};
constexpr std::size_t kOriginalBytes = 200'000;
const std::filesystem::path kVolume = "/data/volumes/000001.vol";

class RecordReaderTest : public ::testing::Test {
 protected:
  RecordReaderTest() {
    store_ = open_volume_store(disk_, clock_, "/data", {}).value();
    EXPECT_TRUE(store_->put(kId, 1, sample_.parts()));
  }
  // The bytes that the size should have.
  ByteView expected(photo::SizeCode code) {
    const photo::RecordView view = photo::RecordView::parse(whole_).value();
    const photo::SizeEntry size = *view.find(code);
    return ByteView(whole_).subspan(size.offset, size.length);
  }
  // Damages one byte of the record on the disk.
  void damage(std::uint64_t offset) {
    const Bytes file = disk_.contents(kVolume);
    const auto at = std::search(file.begin(), file.end(), whole_.begin(), whole_.begin() + 100);
    ASSERT_NE(at, file.end());
    disk_.flip_bit(kVolume, static_cast<std::uint64_t>(at - file.begin()) + offset, 3);
  }
  std::uint64_t offset_of(photo::SizeCode code) {
    return photo::RecordView::parse(whole_).value().find(code)->offset;
  }

  io::FakeFileSystem disk_;
  FakeClock clock_{kPhotoEpochMs};
  std::unique_ptr<PhotoStore> store_;
  const SampleRecord sample_{kId, 1, kOriginalBytes};
  const Bytes whole_ = sample_.whole();
  Bytes buffer_ = Bytes(512 << 10);
};

TEST_F(RecordReaderTest, OneReadBringsHeaderAndSmallSizes) {
  const std::uint64_t reads = disk_.calls(io::Call::kRead);
  const auto prefix = try_read_prefix(*store_, kId, {16 << 10}, buffer_);
  ASSERT_TRUE(prefix && *prefix);
  EXPECT_EQ(prefix->value().bytes.size(), 16U << 10);
  const photo::RecordView& view = prefix->value().view;
  for (const auto code : {photo::SizeCode::kSquare, photo::SizeCode::kMedium}) {
    const auto bytes = size_in_prefix(*store_, prefix->value(), *view.find(code));
    ASSERT_TRUE(bytes && *bytes);
    EXPECT_TRUE(std::ranges::equal(bytes->value(), expected(code)));
  }
  EXPECT_FALSE(size_in_prefix(*store_, prefix->value(), *view.find(photo::SizeCode::kOriginal)));
  EXPECT_EQ(disk_.calls(io::Call::kRead), reads + 1);
}

TEST_F(RecordReaderTest, ASmallWindowStillBringsTheHeader) {
  const auto prefix = read_prefix(*store_, kId, 1, buffer_);
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix.value().view.id(), kId);
  Bytes tiny(30);
  EXPECT_EQ(read_prefix(*store_, kId, 30, tiny).error().code, ErrorCode::kTooLarge);
}

TEST_F(RecordReaderTest, GivesNothingThatWouldHaveToWait) {
  disk_.set_cached(false);
  EXPECT_FALSE(try_read_prefix(*store_, kId, {4096}, buffer_));
  const auto prefix = read_prefix(*store_, kId, 4096, buffer_);
  ASSERT_TRUE(prefix);
  const photo::SizeEntry original = *prefix.value().view.find(photo::SizeCode::kOriginal);
  Bytes blocks(photo::kRecordBlockBytes);
  EXPECT_FALSE(try_read_blocks(*store_, prefix.value().view, original, 0, blocks));
  EXPECT_TRUE(read_blocks(*store_, prefix.value().view, original, 0, blocks));
}

TEST_F(RecordReaderTest, ReadsALargeSizeBlockByBlock) {
  const OwnedRecord header = read_header(*store_, kId).value();
  const photo::SizeEntry original = *header.view().find(photo::SizeCode::kOriginal);
  for (const std::size_t room : {photo::kRecordBlockBytes, photo::kRecordBlockBytes * 2 + 5,
                                 kOriginalBytes, kOriginalBytes + 1}) {
    Bytes all;
    Bytes buffer(room);
    while (all.size() < original.length) {
      const auto part = read_blocks(*store_, header.view(), original,
                                    all.size() / photo::kRecordBlockBytes, buffer);
      ASSERT_TRUE(part) << part.error().message();
      ASSERT_FALSE(part.value().empty());
      all.insert(all.end(), part.value().begin(), part.value().end());
    }
    EXPECT_TRUE(std::ranges::equal(all, expected(photo::SizeCode::kOriginal)));
  }
  Bytes buffer(photo::kRecordBlockBytes);
  EXPECT_EQ(read_blocks(*store_, header.view(), original, 4, buffer).error().code,
            ErrorCode::kInvalidArgument);
  Bytes small(10);
  EXPECT_EQ(read_blocks(*store_, header.view(), original, 0, small).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(RecordReaderTest, ReadsWholeRecordsAndSizes) {
  const OwnedRecord record = read_record(*store_, kId).value();
  for (std::size_t i = 0; i < record.view().size_count(); ++i) {
    const photo::SizeEntry size = record.view().size_at(i);
    EXPECT_TRUE(std::ranges::equal(record.bytes_of(size), expected(size.code)));
    const OwnedSize one = read_size(*store_, kId, size.code).value();
    EXPECT_TRUE(std::ranges::equal(one.bytes, expected(size.code)));
  }
  EXPECT_EQ(read_size(*store_, kId, photo::SizeCode::kLarge).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_record(*store_, {8}).error().code, ErrorCode::kNotFound);
}

TEST_F(RecordReaderTest, AChangedPhotoIsAConflict) {
  const OwnedRecord header = read_header(*store_, kId).value();
  const SampleRecord next({7}, 2, 100);
  ASSERT_TRUE(store_->put(kId, 2, next.parts()));
  const photo::SizeEntry original = *header.view().find(photo::SizeCode::kOriginal);
  EXPECT_EQ(read_blocks(*store_, header.view(), original, 0, buffer_).error().code,
            ErrorCode::kConflict);
}

TEST_F(RecordReaderTest, BadBytesAreNeverHandedOut) {
  damage(40);  // in the header
  EXPECT_EQ(read_prefix(*store_, kId, 4096, buffer_).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store_->stats().checksum_errors, 1U);
  EXPECT_THAT(store_->stats().problems, SizeIs(1));
}

TEST_F(RecordReaderTest, ABadSizeLeavesTheOthersGood) {
  damage(offset_of(photo::SizeCode::kSquare));
  damage(offset_of(photo::SizeCode::kOriginal) + 70'000);  // in its second block
  const RecordPrefix prefix = read_prefix(*store_, kId, 16 << 10, buffer_).value();
  const auto square = *prefix.view.find(photo::SizeCode::kSquare);
  const auto medium = *prefix.view.find(photo::SizeCode::kMedium);
  const auto original = *prefix.view.find(photo::SizeCode::kOriginal);
  EXPECT_EQ(size_in_prefix(*store_, prefix, square)->error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(*size_in_prefix(*store_, prefix, medium));
  Bytes block(photo::kRecordBlockBytes);
  EXPECT_TRUE(read_blocks(*store_, prefix.view, original, 0, block));
  EXPECT_EQ(read_blocks(*store_, prefix.view, original, 1, block).error().code,
            ErrorCode::kCorrupt);
  EXPECT_TRUE(read_blocks(*store_, prefix.view, original, 2, block));
  EXPECT_EQ(read_record(*store_, kId).error().code, ErrorCode::kCorrupt);
}

// The first who sees the header notes how far the sizes reach; the next reads just that.
TEST_F(RecordReaderTest, LearnsHowFarTheSizesReach) {
  using photo::SizeCode;
  EXPECT_FALSE(store_->reach(kId).is_known());
  const auto first = try_read_prefix(*store_, kId, {4096, SizeCode::kMedium}, buffer_);
  ASSERT_TRUE(first && *first);
  EXPECT_TRUE(store_->reach(kId).is_known());
  const auto next = try_read_prefix(*store_, kId, {1024, SizeCode::kMedium}, buffer_);
  ASSERT_TRUE(next && *next);
  const RecordPrefix& prefix = next->value();
  EXPECT_TRUE(*size_in_prefix(*store_, prefix, *prefix.view.find(SizeCode::kMedium)));
  EXPECT_EQ(prefix.bytes.size(), store_->reach(kId).bytes_for(SizeCode::kMedium));
}

// Wherever the damage is, verify finds it and names the photo.
TEST_F(RecordReaderTest, VerifyFindsDamageAnywhere) {
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{50}, offset_of(photo::SizeCode::kSquare),
        offset_of(photo::SizeCode::kOriginal) + 199'999}) {
    damage(offset);
    const VerifyReport report = store_->verify({}).value();
    EXPECT_EQ(report.damaged_count, 1U) << offset;
    EXPECT_THAT(report.damaged, ::testing::ElementsAre(::testing::HasSubstr("photo 7 version 1")));
    store_.reset();
    disk_ = io::FakeFileSystem();
    store_ = open_volume_store(disk_, clock_, "/data", {}).value();
    ASSERT_TRUE(store_->put(kId, 1, sample_.parts()));
  }
}

}  // namespace
}  // namespace farm::store
