#include "volume/volume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "io/fake_file.h"

namespace farm::volume {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::filesystem::path kPath = "/d/000001.vol";

class VolumeTest : public ::testing::Test {
 protected:
  VolumeTest() {
    config_.volume_bytes = 64 << 10;
    config_.preallocate_bytes = 16 << 10;
    config_.commit_wait = std::chrono::microseconds{0};
    superblock_.nonce = 4711;
    superblock_.number = 1;
    EXPECT_TRUE(disk_.make_directories("/d"));
    volume_ = Volume::create(disk_, kPath, superblock_, config_).value();
  }

  static FrameHeader header_for(std::uint64_t id, ByteView payload) {
    FrameHeader header;
    header.type = FrameType::kRecord;
    header.id = {id};
    header.version = 1;
    header.sequence = id;
    header.payload_bytes = payload.size();
    header.payload_checksum = crc32c(payload);
    return header;
  }
  static Bytes payload_of(std::uint64_t id, std::size_t bytes) {
    return Bytes(bytes, static_cast<std::byte>(id));
  }
  Place reserve(std::size_t bytes) { return *volume_->reserve(bytes, Purpose::kRecord).value(); }
  Result<void> append_at(const Place& place, std::uint64_t id, std::size_t bytes) {
    const Bytes payload = payload_of(id, bytes);
    const ByteView part = payload;
    return volume_->append(place, header_for(id, payload), {&part, 1});
  }
  std::uint64_t append(std::uint64_t id, std::size_t bytes = 1000) {
    const Place place = reserve(bytes);
    EXPECT_TRUE(append_at(place, id, bytes));
    return place.offset;
  }
  // Forgets the volume without closing it, as kill -9 does.
  void kill() { volume_.reset(); }
  void reopen() {
    volume_.reset();
    found_.clear();
    volume_ = Volume::open(disk_, kPath, config_).value();
    EXPECT_TRUE(volume_->recover(
        [this](std::uint64_t, const FrameHeader& header) { found_.push_back(header.id.value); }));
  }
  void crash(std::uint64_t seed) {
    kill();
    disk_.crash(seed);
    reopen();
  }

  io::FakeFileSystem disk_;
  Config config_;
  Superblock superblock_;
  std::unique_ptr<Volume> volume_;
  std::vector<std::uint64_t> found_;
};

TEST_F(VolumeTest, FindsItsFramesAgain) {
  append(1);
  append(2, 1);
  append(3, 5000);
  reopen();
  EXPECT_THAT(found_, ElementsAre(1, 2, 3));
  EXPECT_EQ(volume_->superblock().nonce, 4711U);
  append(4);
  reopen();
  EXPECT_THAT(found_, ElementsAre(1, 2, 3, 4));
  EXPECT_FALSE(volume_->trouble());
}

TEST_F(VolumeTest, ReadsPayloadsAndHeaders) {
  const std::uint64_t offset = append(9, 1000) + kFrameHeaderBytes;
  Bytes out(10);
  ASSERT_TRUE(volume_->read(offset + 990, out));
  EXPECT_EQ(out, payload_of(9, 10));
  ASSERT_TRUE(*volume_->try_read(offset, out));
  EXPECT_EQ(volume_->header_of(offset).value().id.value, 9U);
  EXPECT_EQ(volume_->header_of(offset + 64).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(volume_->read(config_.volume_bytes, out).error().code, ErrorCode::kIo);
}

TEST_F(VolumeTest, ASealedVolumeIsAsLongAsItsFrames) {
  append(1);
  append(2);
  ASSERT_TRUE(volume_->seal());
  EXPECT_FALSE(volume_->takes_frames());
  EXPECT_EQ(disk_.contents(kPath).size(), kFirstFrame + 2 * frame_bytes(1000) + kFooterBytes);
  reopen();
  EXPECT_THAT(found_, ElementsAre(1, 2));
  EXPECT_FALSE(volume_->takes_frames());
  EXPECT_FALSE(volume_->trouble());
}

TEST_F(VolumeTest, AfterACleanCloseNothingIsReadTwice) {
  append(1);
  append(2, 20'000);
  volume_->close();
  const std::uint64_t before = disk_.calls(io::Call::kRead);
  reopen();
  // The superblocks, the two hops, the mark, the search behind it.
  EXPECT_LE(disk_.calls(io::Call::kRead) - before, 6U);
  EXPECT_THAT(found_, ElementsAre(1, 2));
  // Opening and closing again writes no further mark.
  const std::uint64_t size = disk_.contents(kPath).size();
  volume_->close();
  reopen();
  volume_->close();
  EXPECT_EQ(disk_.contents(kPath).size(), size);
}

TEST_F(VolumeTest, CutsATornTail) {
  append(1);
  const std::uint64_t torn = append(2, 3000);
  kill();
  disk_.flip_bit(kPath, torn + 2000, 1);  // as a lost sector would leave it
  reopen();
  EXPECT_THAT(found_, ElementsAre(1));
  EXPECT_EQ(append(3), torn + kFrameHeaderBytes);  // behind a mark
  EXPECT_FALSE(volume_->trouble());
  reopen();
  EXPECT_THAT(found_, ElementsAre(1, 3));
}

TEST_F(VolumeTest, WhatWasSettledOnceStaysSettled) {
  append(1);
  const std::uint64_t rotten = append(2);
  const std::uint64_t torn = append(3, 3000);  // tells that the one before is durable
  kill();
  disk_.flip_bit(kPath, rotten + 500, 1);
  disk_.flip_bit(kPath, torn + 500, 1);
  for (int life = 0; life < 3; ++life) {
    reopen();
    EXPECT_THAT(found_, ElementsAre(1, 2)) << "life " << life;  // reading it will tell
    kill();
  }
}

TEST_F(VolumeTest, RepairingCanBeCutAtEveryStep) {
  for (std::uint64_t step = 1; step <= 8; ++step) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      disk_ = io::FakeFileSystem(seed);
      ASSERT_TRUE(disk_.make_directories("/d"));
      volume_ = Volume::create(disk_, kPath, superblock_, config_).value();
      append(1);
      reserve(3000);
      append(2);
      const std::uint64_t torn = append(3);
      kill();
      disk_.flip_bit(kPath, torn + 500, 1);
      disk_.cut_power_after(step);
      volume_ = Volume::open(disk_, kPath, config_).value();
      EXPECT_TRUE(volume_->recover([](std::uint64_t, const FrameHeader&) {}));
      crash(seed);
      EXPECT_THAT(found_, ElementsAre(1, 2));
      EXPECT_FALSE(volume_->trouble());
      append(4);
      append(5);
      reopen();
      EXPECT_THAT(found_, ElementsAre(1, 2, 4, 5));
      EXPECT_FALSE(volume_->trouble());
    }
  }
}

TEST_F(VolumeTest, KeepsWhatWasAcknowledgedBehindATornPlace) {
  append(1);
  const Place lost = reserve(3000);  // its writer never gets to write
  append(2);
  kill();
  reopen();
  EXPECT_THAT(found_, ElementsAre(1, 2));
  EXPECT_FALSE(volume_->trouble());
  EXPECT_EQ(volume_->garbage_bytes(), lost.bytes);
  // And it does not look like damage later, when durable frames follow.
  append(3);
  append(4);
  reopen();
  EXPECT_THAT(found_, ElementsAre(1, 2, 3, 4));
  EXPECT_FALSE(volume_->trouble());
  EXPECT_TRUE(volume_->takes_frames());
}

TEST_F(VolumeTest, DamageInTheMiddleCostsThatRecordAndClosesTheVolume) {
  append(1);
  const std::uint64_t second = append(2);
  append(3);
  append(4);
  kill();
  disk_.flip_bit(kPath, second + 30, 5);
  const Bytes before = disk_.contents(kPath);
  reopen();
  EXPECT_THAT(found_, ElementsAre(1, 3, 4));
  EXPECT_THAT(volume_->trouble().value_or(""), HasSubstr("damaged in 1 places"));
  EXPECT_FALSE(volume_->takes_frames());
  EXPECT_EQ(volume_->reserve(10, Purpose::kRecord).value().has_value(), false);
  volume_->close();
  EXPECT_TRUE(disk_.contents(kPath) == before);
}

TEST_F(VolumeTest, DamageInAClosedVolumeIsDamageToTheEnd) {
  append(1);
  const std::uint64_t last = append(2);
  ASSERT_TRUE(volume_->seal());
  kill();
  disk_.flip_bit(kPath, last + 40, 0);
  reopen();
  EXPECT_THAT(found_, ElementsAre(1));
  EXPECT_THAT(volume_->trouble().value_or(""), HasSubstr("damaged in 1 places"));
}

TEST_F(VolumeTest, ADamagedFooterOpensTheVolumeAgain) {
  append(1);
  ASSERT_TRUE(volume_->seal());
  kill();
  disk_.flip_bit(kPath, disk_.contents(kPath).size() - 60, 0);
  reopen();
  EXPECT_THAT(found_, ElementsAre(1));
  EXPECT_TRUE(volume_->takes_frames());
}

TEST_F(VolumeTest, OneSuperblockIsEnough) {
  append(1);
  kill();
  disk_.flip_bit(kPath, 100, 0);
  reopen();
  EXPECT_THAT(found_, ElementsAre(1));
  EXPECT_THAT(volume_->trouble().value_or(""), HasSubstr("superblock"));
}

TEST_F(VolumeTest, BelievesTheDiskAndNotTheCache) {
  append(1);
  disk_.inject({.call = io::Call::kSync});
  const Place place = reserve(20'000);
  EXPECT_FALSE(append_at(place, 2, 20'000));
  EXPECT_THAT(volume_->trouble().value_or(""), HasSubstr("closed for writing"));
  // The system shows the lost bytes as if they were there; the next program must not believe it.
  ASSERT_TRUE(disk_.remove("/d/000001.failed"));
  reopen();
  const bool on_disk = found_.size() == 2;
  crash(1);
  EXPECT_EQ(found_.size() == 2, on_disk);
}

TEST_F(VolumeTest, IsNeverWrittenAgainAfterAFailedSync) {
  append(1);
  disk_.inject({.call = io::Call::kSync});
  EXPECT_FALSE(append_at(reserve(10), 2, 10));
  EXPECT_FALSE(volume_->takes_frames());
  EXPECT_TRUE(disk_.exists("/d/000001.failed").value());
  const std::uint64_t writes = disk_.calls(io::Call::kWrite);
  for (int life = 0; life < 3; ++life) {
    reopen();
    EXPECT_FALSE(volume_->takes_frames());
    EXPECT_EQ(found_.front(), 1U);
    volume_->close();
  }
  EXPECT_EQ(disk_.calls(io::Call::kWrite), writes);
}

TEST_F(VolumeTest, MakingOneLeavesNothingHalf) {
  for (std::uint64_t step = 1; step <= 5; ++step) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      io::FakeFileSystem disk(seed);
      ASSERT_TRUE(disk.make_directories("/d"));
      disk.cut_power_after(step);
      const bool made = Volume::create(disk, kPath, superblock_, config_).has_value();
      disk.crash(seed);
      if (made) {
        EXPECT_TRUE(disk.exists(kPath).value());
      }
      if (disk.exists(kPath).value()) {
        EXPECT_TRUE(Volume::open(disk, kPath, config_));
      }
      EXPECT_TRUE(
          Volume::create(disk, kPath, superblock_, config_));  // a left draft is no hindrance
    }
  }
}

TEST_F(VolumeTest, AFullDiskFailsThePutAndNothingElse) {
  append(1);
  disk_.set_free_space(0);
  EXPECT_EQ(volume_->reserve(30'000, Purpose::kRecord).error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(volume_->takes_frames());
  EXPECT_FALSE(volume_->trouble());
  disk_.set_free_space(1 << 20);
  append(2, 30'000);
  reopen();
  EXPECT_THAT(found_, ElementsAre(1, 2));
}

TEST_F(VolumeTest, IsNoVolume) {
  disk_.set_contents("/d/x.vol", as_bytes("something else"));
  const auto opened = Volume::open(disk_, "/d/x.vol", config_);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(opened.error().context, HasSubstr("x.vol"));
}

}  // namespace
}  // namespace farm::volume
