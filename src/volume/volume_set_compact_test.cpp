// Volumes rewritten without their garbage, and what a crash at any step of it leaves.
#include <gmock/gmock.h>

#include <thread>

#include "volume/volume_set_fixture.h"
#include "volume/watched_file_system.h"

namespace farm::volume {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class CompactTest : public VolumeSetFixture {
 protected:
  std::uint64_t bytes_on_disk() {
    std::uint64_t bytes = 0;
    const auto names = disk_.list("/data/volumes");
    for (const std::string& name : names.value()) {
      bytes += disk_.contents("/data/volumes/" + name).size();
    }
    return bytes;
  }
};

TEST_F(CompactTest, GivesBackTheSpaceOfWhatIsGone) {
  open();
  fill(150);
  const std::uint64_t garbage = set_->stats().garbage_bytes;
  const std::uint64_t before = bytes_on_disk();
  ASSERT_TRUE(compact_all());
  EXPECT_EQ(set_->stats().garbage_bytes, 0U);
  EXPECT_LE(bytes_on_disk(), before - garbage * 95 / 100);
  expect_all();
  for (int life = 0; life < 2; ++life) {
    open();
    expect_all();
    EXPECT_EQ(set_->stats().garbage_bytes, 0U);
  }
  EXPECT_TRUE(compact_all()) << "nothing left to do";
}

TEST_F(CompactTest, RemovedStaysRemovedWhereOnlyTheTombstoneIsLeft) {
  open();
  fill(30);
  ASSERT_TRUE(compact_all());
  open();
  EXPECT_EQ(put(1).error().code, ErrorCode::kConflict) << "an id is never used again";
  ASSERT_TRUE(disk_.remove("/data/index.checkpoint"));
  open();
  expect_all();
  EXPECT_EQ(put(1).error().code, ErrorCode::kConflict);
}

TEST_F(CompactTest, ACrashAtAnyStepLosesNothing) {
  open();
  for (std::uint64_t step = 0;; ++step) {
    ASSERT_LT(step, 5000U);
    SCOPED_TRACE("cut after " + std::to_string(step) + " changing calls");
    start_afresh();
    fill(30);
    disk_.cut_power_after(step);
    const bool finished = compact_all() && set_->checkpoint();
    crash(step * 7 + 1);
    open();
    ASSERT_NO_FATAL_FAILURE(expect_all());
    if (finished) {
      EXPECT_GT(step, 50U);
      return;
    }
    ASSERT_TRUE(compact_all()) << "what was cut off can be done again";
    ASSERT_NO_FATAL_FAILURE(expect_all());
  }
}

TEST_F(CompactTest, AFullDiskChangesNothing) {
  open();
  fill(60);
  disk_.set_free_space(2000);
  const auto done = compact_all();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kNoSpace);
  expect_all();
  const auto names = disk_.list("/data/volumes");
  EXPECT_THAT(names.value(), Not(Contains(HasSubstr(".new"))));
  disk_.set_free_space(std::uint64_t{1} << 30);
  ASSERT_TRUE(compact_all());
  expect_all();
}

TEST_F(CompactTest, AnErrorAtAnyCallLosesNothing) {
  open();
  for (const io::Call call : {io::Call::kOpen, io::Call::kRead, io::Call::kWrite, io::Call::kSync,
                              io::Call::kRename, io::Call::kRemove, io::Call::kSyncDirectory}) {
    bool failed = true;
    for (std::uint64_t nth = 1; failed; ++nth) {
      ASSERT_LT(nth, 5000U);
      SCOPED_TRACE("call " + std::to_string(static_cast<int>(call)) + ", nth " +
                   std::to_string(nth));
      start_afresh();
      fill(30);
      const std::uint64_t calls = disk_.calls(call);
      disk_.inject({.call = call, .nth = nth});
      (void)compact_all();
      failed = disk_.calls(call) - calls >= nth;
      disk_.clear_faults();
      ASSERT_NO_FATAL_FAILURE(expect_photos());
      ASSERT_TRUE(compact_all());
      ASSERT_NO_FATAL_FAILURE(expect_photos());
      crash(nth);
      open();
      ASSERT_NO_FATAL_FAILURE(expect_photos());
    }
  }
}

TEST_F(CompactTest, ADamagedVolumeIsLeftAsItIs) {
  open();
  fill(100);
  set_.reset();
  ASSERT_TRUE(disk_.remove("/data/index.checkpoint"));
  disk_.flip_bit("/data/volumes/000001.vol", kFirstFrame + 10, 3);
  open();
  const Bytes before = disk_.contents("/data/volumes/000001.vol");
  ASSERT_TRUE(compact_all());
  EXPECT_TRUE(disk_.contents("/data/volumes/000001.vol") == before);
}

TEST_F(CompactTest, ADamagedRecordKeepsWhatIsGoodOfIt) {
  open();
  fill(30);
  const auto location = set_->find({3});
  ASSERT_TRUE(location);
  disk_.flip_bit("/data/volumes/000001.vol", location->offset + 100, 1);
  Throttle throttle;
  std::vector<PhotoId> damaged;
  for (const std::uint16_t slot : set_->compactable(0, clock_.now_ms() + 1)) {
    const auto done = set_->compact(slot, throttle);
    ASSERT_TRUE(done);
    damaged.insert(damaged.end(), done.value().damaged.begin(), done.value().damaged.end());
  }
  EXPECT_THAT(damaged, ::testing::ElementsAre(PhotoId{3}));
  const auto now = set_->find({3});
  ASSERT_TRUE(now);
  Bytes out(now->bytes);
  ASSERT_TRUE(set_->read(*now, 0, out));
  Bytes expected = payload(3, 1);
  expected[100] ^= std::byte{2};
  EXPECT_TRUE(out == expected);
}

TEST_F(CompactTest, CanBeStopped) {
  open();
  fill(60);
  Throttle throttle(1);
  throttle.stop();
  const auto slots = set_->compactable(0, clock_.now_ms() + 1);
  ASSERT_FALSE(slots.empty());
  EXPECT_EQ(set_->compact(slots[0], throttle).error().code, ErrorCode::kClosed);
  expect_all();
}

TEST_F(CompactTest, PicksWhatIsWorthIt) {
  open();
  for (std::uint64_t id = 1; id <= 200; ++id) ASSERT_TRUE(put(id));
  clock_.set(2'000'000);
  ASSERT_TRUE(remove(1));
  EXPECT_TRUE(set_->compactable(0.3, 2'000'000).empty());
  EXPECT_EQ(set_->compactable(0.3, 2'000'001).size(), 1U) << "its time has come";
  for (std::uint64_t id = 2; id <= 30; ++id) ASSERT_TRUE(remove(id));
  EXPECT_EQ(set_->compactable(0.3, 0).size(), 1U);
  // The times are known after a restart, too, with the checkpoint and without it.
  clock_.set(3'000'000);
  for (const bool with_checkpoint : {true, false}) {
    set_.reset();
    if (!with_checkpoint) {
      ASSERT_TRUE(disk_.remove("/data/index.checkpoint"));
    }
    open();
    EXPECT_TRUE(set_->compactable(0.99, 2'000'000).empty());
    EXPECT_EQ(set_->compactable(0.99, 2'000'001).size(), 1U);
  }
}

TEST_F(CompactTest, SlotsAreUsedAgain) {
  open();
  fill(20);
  for (std::uint32_t version = 3; version < 30; ++version) {
    ASSERT_TRUE(put(2, version));
    ASSERT_TRUE(compact_all());
  }
  for (const std::uint16_t slot : set_->slots()) EXPECT_LT(slot, 60);
  expect_all();
}

// What is written after it was copied, and what was about to be indexed when it began.
TEST_F(CompactTest, ChangesInTheMiddleAreKept) {
  open();
  fill(30);
  set_.reset();
  WatchedFileSystem watched(disk_);
  auto opened = VolumeSet::open(watched, clock_, directories_, config_);
  ASSERT_TRUE(opened);
  set_ = std::move(opened).value();
  const std::atomic<bool> never{false};
  ASSERT_TRUE(set_->load(never));
  ASSERT_FALSE(set_->compactable(0, clock_.now_ms() + 1).empty());
  std::uint64_t next = 3;
  bool busy = false;
  watched.on_read([&](const std::filesystem::path&, std::uint64_t) {
    if (busy || next > 30) return;
    busy = true;  // changes read, too
    if (next % 2 == 0) {
      EXPECT_TRUE(remove(next));
    } else {
      EXPECT_TRUE(put(next, 9));
    }
    next += 3;
    busy = false;
  });
  ASSERT_TRUE(compact_all());
  watched.on_read({});
  EXPECT_GT(next, 30U);
  expect_all();
  crash(5);
  open();
  expect_all();
}

TEST_F(CompactTest, BesideReadersAndWriters) {
  open();
  fill(60);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&, reader] {
      for (std::uint64_t id = 3 + 3 * reader; !stop; id = id % 60 + 3) expect_photo(id, 1);
    });
  }
  std::map<std::uint64_t, std::uint32_t> written;
  threads.emplace_back([&] {
    for (std::uint32_t version = 3; !stop && version < 1500; ++version) {
      const std::uint64_t id = 2 + version % 20 * 3;
      const Bytes bytes = payload(id, version);
      const ByteView part = bytes;
      if (set_->put({id}, version, {&part, 1})) written[id] = version;
    }
  });
  for (int round = 0; round < 10; ++round) {
    EXPECT_TRUE(compact_all());
    EXPECT_TRUE(set_->checkpoint());
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  for (const auto& [id, version] : written) expected_[id] = version;
  expect_all();
  open();
  expect_all();
}

}  // namespace
}  // namespace farm::volume
