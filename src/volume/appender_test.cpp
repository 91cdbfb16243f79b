#include "volume/appender.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>
#include <vector>

#include "io/fake_file.h"

namespace farm::volume {
namespace {

class AppenderTest : public ::testing::Test {
 protected:
  AppenderTest() {
    config_.volume_bytes = 64 << 10;
    config_.preallocate_bytes = 8 << 10;
    EXPECT_TRUE(disk_.make_directories("/d"));
    file_ = std::move(disk_.open("/d/f", io::OpenMode::kCreateNew)).value();
    EXPECT_TRUE(file_->truncate(kFirstFrame));
    start();
  }
  void start() {
    appender_ = std::make_unique<Appender>(*file_, Appender::Frames{}, kFirstFrame, config_);
  }
  std::optional<Place> reserve(std::uint64_t bytes, Purpose purpose = Purpose::kRecord) {
    return appender_->reserve(bytes, purpose).value();
  }
  Result<void> write(const Place& place) {
    const Bytes bytes(place.bytes, std::byte{'x'});
    const ByteView part = bytes;
    return file_->write_at(place.offset, {&part, 1});
  }
  Result<void> append(std::uint64_t bytes) {
    const auto place = reserve(bytes);
    return appender_->commit(*place, {}, write(*place));
  }

  io::FakeFileSystem disk_;
  Config config_;
  std::unique_ptr<io::File> file_;
  std::unique_ptr<Appender> appender_;
};

TEST_F(AppenderTest, GivesPlacesOneAfterAnother) {
  const auto first = reserve(100);
  const auto second = reserve(10);
  EXPECT_EQ(first->offset, kFirstFrame);
  EXPECT_EQ(first->bytes, 192U);
  EXPECT_EQ(second->offset, kFirstFrame + 192);
  EXPECT_TRUE(appender_->commit(*second, {}, write(*second)));
  EXPECT_TRUE(appender_->commit(*first, {}, write(*first)));
}

TEST_F(AppenderTest, IsDurableWhenItReturns) {
  ASSERT_TRUE(append(5000));
  ASSERT_TRUE(disk_.sync_directory("/d"));
  disk_.crash(3);
  const Bytes found = disk_.contents("/d/f");
  ASSERT_GE(found.size(), kFirstFrame + 5000);
  EXPECT_EQ(found[kFirstFrame], std::byte{'x'});
  EXPECT_EQ(found[kFirstFrame + 5000], std::byte{'x'});
}

TEST_F(AppenderTest, TellsOnlyWhatIsDurableForSure) {
  const auto first = reserve(10);
  const auto second = reserve(10);
  EXPECT_EQ(second->durable_end, kFirstFrame);
  ASSERT_TRUE(appender_->commit(*second, {}, write(*second)));
  // The second is durable, but not all before its end: the first is not even written.
  const auto third = reserve(10);
  EXPECT_EQ(third->durable_end, kFirstFrame);
  ASSERT_TRUE(appender_->commit(*first, {}, write(*first)));
  ASSERT_TRUE(appender_->commit(*third, {}, write(*third)));
  EXPECT_EQ(reserve(10)->durable_end, third->offset + third->bytes);
}

TEST_F(AppenderTest, TakesSpaceInSteps) {
  ASSERT_TRUE(append(100));
  const std::uint64_t allocations = disk_.calls(io::Call::kAllocate);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(100));
  EXPECT_EQ(disk_.calls(io::Call::kAllocate), allocations);
}

TEST_F(AppenderTest, IsFullAtItsBound) {
  std::uint64_t taken = 0;
  while (const auto place = reserve(1000)) {
    ASSERT_TRUE(appender_->commit(*place, {}, write(*place)));
    ASSERT_LT(++taken, 100U);
  }
  EXPECT_GT(taken, 40U);
  EXPECT_LE(file_->size().value(), config_.volume_bytes);
  EXPECT_TRUE(reserve(0, Purpose::kTombstone));
  EXPECT_TRUE(appender_->open());
}

TEST_F(AppenderTest, AnEmptyVolumeTakesAnOverSizeRecord) {
  ASSERT_TRUE(append(config_.volume_bytes * 2));
  EXPECT_FALSE(reserve(10));
}

TEST_F(AppenderTest, AFullDiskChangesNothingAndKeepsRoomForRemovals) {
  ASSERT_TRUE(append(3000));
  disk_.set_free_space(0);
  const std::uint64_t end = appender_->end();
  const auto refused = appender_->reserve(10'000, Purpose::kRecord);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(appender_->end(), end);
  for (int i = 0; i < 10; ++i) {
    const auto place = reserve(0, Purpose::kTombstone);
    ASSERT_TRUE(place);
    ASSERT_TRUE(appender_->commit(*place, {}, write(*place)));
  }
  disk_.set_free_space(1 << 20);
  EXPECT_TRUE(append(10'000));
}

TEST_F(AppenderTest, TakesWhatIsLeftOfADisk) {
  disk_.set_free_space(7000);  // less than a step, enough for this one
  EXPECT_TRUE(append(500));
}

TEST_F(AppenderTest, AFailedWriteClosesItButNotForThoseWhoWrote) {
  const auto bad = reserve(10);
  const auto good = reserve(10);
  const Result<void> failure = fail(ErrorCode::kIo, "test", "bad disk");
  EXPECT_EQ(appender_->commit(*bad, {}, failure).error().context, "bad disk");
  EXPECT_TRUE(appender_->commit(*good, {}, write(*good)));
  EXPECT_FALSE(appender_->open());
  EXPECT_FALSE(reserve(10));
  EXPECT_EQ(appender_->error()->context, "bad disk");
  EXPECT_FALSE(appender_->finish());
}

TEST_F(AppenderTest, AFailedSyncFailsEverybodyForGood) {
  const auto first = reserve(10);
  const auto second = reserve(10);
  disk_.inject({.call = io::Call::kSync});
  EXPECT_EQ(appender_->commit(*first, {}, write(*first)).error().code, ErrorCode::kIo);
  // The disk would say yes now, and mean nothing by it.
  const std::uint64_t syncs = disk_.calls(io::Call::kSync);
  EXPECT_EQ(appender_->commit(*second, {}, write(*second)).error().code, ErrorCode::kIo);
  EXPECT_EQ(disk_.calls(io::Call::kSync), syncs);
  EXPECT_FALSE(reserve(10));
}

TEST_F(AppenderTest, FinishWaitsForThoseWhoStillWrite) {
  const auto place = reserve(10);
  std::atomic<bool> committing = false;
  std::thread writer([&] {
    std::this_thread::yield();
    committing = true;
    EXPECT_TRUE(appender_->commit(*place, {}, write(*place)));
  });
  const auto end = appender_->finish();
  EXPECT_TRUE(committing);
  EXPECT_EQ(end.value(), place->offset + place->bytes);
  EXPECT_FALSE(reserve(10));
  writer.join();
}

TEST_F(AppenderTest, ManyWritersShareSyncs) {
  config_.commit_wait = std::chrono::seconds(10);  // so that a leader waits for all who write
  config_.volume_bytes = 1 << 20;
  start();
  constexpr std::uint64_t kWriters = 16;
  std::vector<Place> places;
  for (std::uint64_t i = 0; i < kWriters; ++i) places.push_back(*reserve(100));
  std::vector<std::thread> threads;
  for (const Place& place : places) {
    threads.emplace_back([&] { EXPECT_TRUE(appender_->commit(place, {}, write(place))); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(appender_->syncs(), 1U);
}

TEST_F(AppenderTest, EnoughBytesAreNotWaitedFor) {
  config_.commit_wait = std::chrono::hours(1);
  config_.commit_bytes = 1;
  start();
  const auto slow = reserve(10);  // would be waited for
  ASSERT_TRUE(append(10));
  EXPECT_TRUE(appender_->commit(*slow, {}, write(*slow)));
}

TEST_F(AppenderTest, ManyRoundsOfManyWriters) {
  config_.volume_bytes = 16 << 20;
  start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 100; ++i) ASSERT_TRUE(append(100));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(appender_->finish().value(), kFirstFrame + 8 * 100 * frame_bytes(100));
  EXPECT_LE(appender_->syncs(), 800U);
}

}  // namespace
}  // namespace farm::volume
