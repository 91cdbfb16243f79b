// Opening: what a checkpoint is good for, that it can always be done without, and what can be read
// before all is known.
#include <gmock/gmock.h>

#include <random>

#include "volume/volume_set_fixture.h"
#include "volume/watched_file_system.h"

namespace farm::volume {
namespace {

constexpr const char* kCheckpoint = "/data/index.checkpoint";

class LoadTest : public VolumeSetFixture {
 protected:
  // Opens, and counts what is read of volumes.
  std::uint64_t reads_of_volumes() {
    set_.reset();
    WatchedFileSystem watched(disk_);
    auto opened = VolumeSet::open(watched, clock_, directories_, config_);
    EXPECT_TRUE(opened);
    std::uint64_t reads = 0;
    watched.on_read([&](const std::filesystem::path& path, std::uint64_t) {
      if (path.extension() == ".vol") ++reads;
    });
    const std::atomic<bool> never{false};
    EXPECT_TRUE(opened.value()->load(never));
    return reads;
  }
};

TEST_F(LoadTest, ACheckpointSavesTheReading) {
  open();
  fill(300);
  const std::uint64_t with = reads_of_volumes();
  open();
  expect_all();
  const VolumeSet::Stats known = set_->stats();
  set_.reset();
  ASSERT_TRUE(disk_.remove(kCheckpoint));
  const std::uint64_t without = reads_of_volumes();
  ASSERT_TRUE(disk_.remove(kCheckpoint));
  open();
  expect_all();
  EXPECT_LT(with, 20U);
  EXPECT_GT(without, 100U);
  const VolumeSet::Stats found = set_->stats();
  EXPECT_EQ(known.garbage_bytes, found.garbage_bytes);
  EXPECT_EQ(known.index.photos, found.index.photos);
  EXPECT_EQ(known.index.removed, found.index.removed);
  EXPECT_EQ(known.index.live_bytes, found.index.live_bytes);
}

TEST_F(LoadTest, WhatCameAfterTheCheckpointIsFound) {
  open();
  fill(100);
  ASSERT_TRUE(set_->checkpoint());
  for (std::uint64_t id = 101; id <= 160; ++id) ASSERT_TRUE(put(id));
  ASSERT_TRUE(remove(3));
  ASSERT_TRUE(put(6, 5));
  crash(1);
  open();
  expect_all();
  EXPECT_GT(set_->stats().checkpoint_ms, 0);
}

TEST_F(LoadTest, AnyDamageOfTheCheckpointIsSurvived) {
  open();
  fill(40);
  set_.reset();
  const Bytes good = disk_.contents(kCheckpoint);
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    Bytes bad = good;
    if (round % 3 == 0) {
      bad.resize(random() % bad.size());
    } else if (round % 3 == 1) {
      bad.push_back(std::byte{0});
    } else {
      bad[random() % bad.size()] ^= static_cast<std::byte>(1 << random() % 8);
    }
    disk_.set_contents(kCheckpoint, bad);
    open();
    ASSERT_NO_FATAL_FAILURE(expect_all());
    disk_.cut_power_after(0);  // no new checkpoint
    set_.reset();
    disk_.clear_faults();
  }
}

TEST_F(LoadTest, AVolumeThatIsNotAsTheCheckpointKnowsItIsRead) {
  open();
  fill(60);
  ASSERT_TRUE(set_->checkpoint());
  const Bytes old = disk_.contents(kCheckpoint);
  ASSERT_TRUE(compact_all());
  set_.reset();
  disk_.set_contents(kCheckpoint, old);
  open();
  expect_all();
  open();
  expect_all();
}

TEST_F(LoadTest, TheCheckpointOfAnotherStoreIsNotTaken) {
  open();
  fill(10);
  set_.reset();
  const Bytes other = disk_.contents(kCheckpoint);
  directories_ = {"/elsewhere"};
  expected_.clear();
  open();
  ASSERT_TRUE(put(77));
  set_.reset();
  disk_.set_contents("/elsewhere/index.checkpoint", other);
  open();
  expect_all();
  EXPECT_EQ(set_->stats().index.photos, 1U);
}

TEST_F(LoadTest, ACrashWhileTheCheckpointIsWrittenLeavesTheOldOneOrTheNew) {
  open();
  fill(40);
  ASSERT_TRUE(set_->checkpoint());
  for (std::uint64_t step = 0; step < 600; ++step) {
    ASSERT_TRUE(put(1000 + step));
    disk_.cut_power_after(step);
    const bool done = set_->checkpoint().has_value();
    crash(step);
    open();
    ASSERT_NO_FATAL_FAILURE(expect_all());
    if (done && step > 10) return;
  }
  FAIL() << "it never came to its end";
}

// A crash between the footer and giving back what was taken ahead leaves zeros behind it. Nothing
// may be written there: who looks from the start stops at the footer.
TEST_F(LoadTest, NothingIsWrittenBehindAFooter) {
  open();
  for (std::uint64_t id = 1; id <= 90; ++id) ASSERT_TRUE(put(id));
  ASSERT_GT(set_->stats().volumes, 1U);
  set_.reset();
  Bytes volume = disk_.contents("/data/volumes/000001.vol");
  const std::size_t bytes = volume.size();
  volume.resize(bytes + 5000);
  disk_.set_contents("/data/volumes/000001.vol", volume);
  open();
  for (std::uint64_t id = 91; id <= 100; ++id) ASSERT_TRUE(put(id));
  EXPECT_EQ(disk_.contents("/data/volumes/000001.vol").size(), bytes);
  set_.reset();
  ASSERT_TRUE(disk_.remove(kCheckpoint));
  open();
  expect_all();
}

TEST_F(LoadTest, ADamagedVolumeIsReportedAtEveryStart) {
  open();
  fill(60);
  set_.reset();
  ASSERT_TRUE(disk_.remove(kCheckpoint));
  disk_.flip_bit("/data/volumes/000001.vol", kFirstFrame + 10, 3);
  for (int life = 0; life < 3; ++life) {
    open();
    EXPECT_EQ(set_->stats().problems.size(), 1U);
  }
}

TEST_F(LoadTest, NothingIsKnownBeforeAndNothingIsTaken) {
  open();
  fill(10);
  set_.reset();
  auto opened = VolumeSet::open(disk_, clock_, directories_, config_);
  ASSERT_TRUE(opened);
  set_ = std::move(opened).value();
  EXPECT_EQ(set_->locate({3}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(set_->locate({999}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(put(500).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(set_->remove({3}).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(set_->load_state().loaded);
  const std::atomic<bool> stop{true};
  EXPECT_EQ(set_->load(stop).error().code, ErrorCode::kClosed);
}

// While the volumes are gone through, what can be told is right: never an older version, never a
// photo that was removed.
TEST_F(LoadTest, ServesWhatIsSureWhileItIsRead) {
  open();
  for (std::uint64_t id = 1; id <= 400; ++id) ASSERT_TRUE(put(id));
  for (std::uint64_t id = 1; id <= 400; id += 10) ASSERT_TRUE(remove(id));
  for (std::uint64_t id = 2; id <= 400; id += 10) ASSERT_TRUE(put(id, 2));
  set_.reset();
  ASSERT_TRUE(disk_.remove(kCheckpoint));

  WatchedFileSystem watched(disk_);
  auto opened = VolumeSet::open(watched, clock_, directories_, config_);
  ASSERT_TRUE(opened);
  set_ = std::move(opened).value();
  std::uint64_t looks = 0;
  std::uint64_t known_early = 0;
  watched.on_read([&](const std::filesystem::path&, std::uint64_t) {
    for (const auto& [id, version] : expected_) {
      const auto found = set_->locate({id});
      if (!found && found.error().code == ErrorCode::kUnavailable) continue;
      ASSERT_EQ(found.has_value(), version != 0) << "photo " << id;
      if (found) {
        ASSERT_EQ(found.value().version, version) << "photo " << id;
      }
      ++known_early;
    }
    ++looks;
  });
  const std::atomic<bool> never{false};
  ASSERT_TRUE(set_->load(never));
  EXPECT_GT(looks, 20U);
  EXPECT_GT(known_early, 400U);
  watched.on_read({});
  expect_all();
  set_.reset();  // before its file system goes
}

}  // namespace
}  // namespace farm::volume
