#include "volume/volume_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "volume/volume_set_fixture.h"

namespace farm::volume {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class VolumeSetTest : public VolumeSetFixture {
 protected:
  VolumeSetTest() { open(); }
  Result<void> put(std::uint64_t id, std::size_t bytes = 1000, std::uint32_t version = 1) {
    const Bytes payload(bytes, static_cast<std::byte>(id));
    const ByteView part = payload;
    return set_->put({id}, version, {&part, 1});
  }
  void expect_holds(std::uint64_t id, std::size_t bytes = 1000) {
    const auto location = set_->find({id});
    ASSERT_TRUE(location) << id;
    ASSERT_EQ(location->bytes, bytes);
    Bytes out(bytes);
    ASSERT_TRUE(set_->read(*location, 0, out));
    EXPECT_TRUE(out == Bytes(bytes, static_cast<std::byte>(id))) << id;
  }
  std::vector<std::string> problems() { return set_->stats().problems; }
  Bytes file(const std::string& name) { return disk_.contents("/data/volumes/" + name); }
};

TEST_F(VolumeSetTest, FillsOneVolumeAfterAnother) {
  for (std::uint64_t id = 1; id <= 200; ++id) ASSERT_TRUE(put(id));
  EXPECT_EQ(set_->stats().volumes, 5U);
  for (int life = 0; life < 2; ++life) {
    for (std::uint64_t id = 1; id <= 200; ++id) expect_holds(id);
    EXPECT_THAT(problems(), IsEmpty());
    open();
  }
  EXPECT_LE(file("000001.vol").size(), config_.volume_bytes);
}

TEST_F(VolumeSetTest, AnOverSizeRecordGetsAVolume) {
  ASSERT_TRUE(put(1));
  ASSERT_TRUE(put(2, 200'000));
  ASSERT_TRUE(put(3));
  open();
  expect_holds(1);
  expect_holds(2, 200'000);
  expect_holds(3);
  EXPECT_EQ(set_->stats().volumes, 3U);
}

TEST_F(VolumeSetTest, CountsGarbageTheSameAfterARestart) {
  ASSERT_TRUE(put(1));
  ASSERT_TRUE(put(1, 2000, 2));
  ASSERT_TRUE(put(2, 3000));
  ASSERT_TRUE(set_->remove({2}));
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(set_->stats().garbage_bytes, frame_bytes(1000) + frame_bytes(3000));
    open();
  }
}

TEST_F(VolumeSetTest, TheLatestOfEqualVersionsWins) {
  // The first attempt fails after all its bytes are written, the second succeeds elsewhere.
  ASSERT_TRUE(put(1));
  disk_.inject({.call = io::Call::kSync});
  EXPECT_FALSE(put(7, 3000));
  EXPECT_FALSE(set_->find({7}));
  ASSERT_TRUE(put(7, 500));
  for (int life = 0; life < 3; ++life) {
    expect_holds(7, 500);
    open();
  }
}

TEST_F(VolumeSetTest, ARemovalThatFailedDoesNotUndoWhatCameAfter) {
  ASSERT_TRUE(put(7));
  disk_.inject({.call = io::Call::kSync});
  EXPECT_FALSE(set_->remove({7}));
  expect_holds(7);
  ASSERT_TRUE(put(7, 2000, 2));
  open();
  expect_holds(7, 2000);
}

TEST_F(VolumeSetTest, GoesOnInANewVolumeWhenOneFails) {
  ASSERT_TRUE(put(1));
  disk_.inject({.call = io::Call::kWrite, .error_number = EIO});
  EXPECT_EQ(put(2).error().code, ErrorCode::kIo);
  EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("closed for writing")));
  ASSERT_TRUE(put(3));
  expect_holds(1);
  EXPECT_FALSE(set_->find({2}));
  EXPECT_EQ(set_->stats().volumes, 2U);
}

TEST_F(VolumeSetTest, GivesUpOnADiskThatFailsAgainAndAgain) {
  ASSERT_TRUE(put(1));
  disk_.inject({.call = io::Call::kSync, .nth = 1, .lasting = true});
  for (std::uint64_t id = 2; id < 20; ++id) EXPECT_FALSE(put(id));
  EXPECT_LE(set_->stats().volumes, 4U);
  EXPECT_THAT(problems(), ::testing::Contains(HasSubstr("takes no photos")));
  expect_holds(1);
}

TEST_F(VolumeSetTest, AFullDiskRefusesPutsAndTakesRemovals) {
  std::uint64_t last = 0;
  disk_.set_free_space(40'000);
  while (put(last + 1)) ++last;
  EXPECT_GT(last, 10U);
  EXPECT_EQ(put(last + 1).error().code, ErrorCode::kNoSpace);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("no space")));
  for (std::uint64_t id = 1; id <= last; ++id) expect_holds(id);
  for (std::uint64_t id = 1; id <= 10; ++id) EXPECT_TRUE(set_->remove({id}));
  EXPECT_THAT(problems(), IsEmpty());
  const std::uint64_t volumes = set_->stats().volumes;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(put(last + 1, 30'000));
  EXPECT_EQ(set_->stats().volumes, volumes);  // trying does not litter
  disk_.set_free_space(1 << 20);
  EXPECT_TRUE(put(last + 1, 30'000));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(VolumeSetTest, AnotherDiskTakesOver) {
  directories_ = {"/data", "/more"};
  open();
  for (std::uint64_t id = 1; id <= 20; ++id) ASSERT_TRUE(put(id));
  // One disk fails; its photos stay readable, and new ones are taken.
  disk_.inject({.call = io::Call::kSync});
  for (std::uint64_t id = 21; id <= 40; ++id) ASSERT_TRUE(put(id));
  for (std::uint64_t id = 1; id <= 40; ++id) expect_holds(id);
  open();
  for (std::uint64_t id = 1; id <= 40; ++id) expect_holds(id);
}

TEST_F(VolumeSetTest, ADirectoryCanBeAdded) {
  ASSERT_TRUE(put(1));
  directories_ = {"/data", "/more"};
  open();
  expect_holds(1);
  for (std::uint64_t id = 2; id <= 100; ++id) ASSERT_TRUE(put(id));
  EXPECT_FALSE(disk_.list("/more/volumes").value().empty());
  open();
  for (std::uint64_t id = 1; id <= 100; ++id) expect_holds(id);
}

TEST_F(VolumeSetTest, TellsOfADirectoryThatIsMissing) {
  directories_ = {"/data", "/more"};
  open();
  for (std::uint64_t id = 1; id <= 200; ++id) ASSERT_TRUE(put(id));
  directories_ = {"/data"};
  open();
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("volumes are missing")));
}

TEST_F(VolumeSetTest, TwoCannotHaveOneDirectory) {
  const auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_THAT(second.error().context, HasSubstr("already in use"));
}

TEST_F(VolumeSetTest, RefusesVolumesOfAnotherStore) {
  ASSERT_TRUE(put(1));
  directories_ = {"/other"};
  open();
  ASSERT_TRUE(put(2));
  set_.reset();
  disk_.set_contents("/data/volumes/000009.vol", disk_.contents("/other/volumes/000001.vol"));
  directories_ = {"/data"};
  const auto mixed = try_open();
  ASSERT_FALSE(mixed);
  EXPECT_THAT(mixed.error().context, HasSubstr("belongs to another store"));
}

TEST_F(VolumeSetTest, RefusesACopyOfAVolume) {
  ASSERT_TRUE(put(1));
  set_.reset();
  disk_.set_contents("/data/volumes/000009.vol", file("000001.vol"));
  EXPECT_THAT(try_open().error().context, HasSubstr("is a copy of"));
}

TEST_F(VolumeSetTest, LeavesOutAVolumeThatCannotBeRead) {
  for (std::uint64_t id = 1; id <= 200; ++id) ASSERT_TRUE(put(id));
  set_.reset();
  disk_.flip_bit("/data/volumes/000002.vol", 20, 0);
  disk_.flip_bit("/data/volumes/000002.vol", 5000, 0);
  open();
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("000002.vol")));
  EXPECT_GT(set_->stats().index.photos, 100U);
  EXPECT_LT(set_->stats().index.photos, 200U);
  ASSERT_TRUE(put(1000));
  expect_holds(1000);
}

TEST_F(VolumeSetTest, NeverReturnsAnotherPhotosHeader) {
  ASSERT_TRUE(put(1));
  ASSERT_TRUE(put(2));
  const auto location = *set_->find({1});
  EXPECT_TRUE(set_->header_of({1}, location));
  EXPECT_EQ(set_->header_of({2}, location).error().code, ErrorCode::kCorrupt);
}

// Any one flipped bit costs at most one photo, and nobody gets wrong bytes for it unnoticed.
TEST_F(VolumeSetTest, AFlippedBitCostsOnePhotoAtMost) {
  for (std::uint64_t id = 1; id <= 30; ++id) ASSERT_TRUE(put(id, 200));
  set_.reset();
  const Bytes before = file("000001.vol");
  for (std::uint64_t offset = 0; offset < 8192 + 30 * 320; offset += 37) {
    disk_.set_contents("/data/volumes/000001.vol", before);
    disk_.flip_bit("/data/volumes/000001.vol", offset, offset % 8);
    open();
    ASSERT_GE(set_->stats().index.photos, 29U) << "offset " << offset;
    if (set_->stats().index.photos < 30) {
      EXPECT_THAT(problems(), ::testing::SizeIs(1)) << "offset " << offset;
    }
    set_.reset();
  }
}

}  // namespace
}  // namespace farm::volume
