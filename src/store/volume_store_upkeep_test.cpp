// What keeps the embedded store in shape: damage found by reading back, removals written again,
// space given back by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "io/fake_file.h"
#include "obs/log.h"
#include "store/sample_record.h"
#include "store/volume_store.h"

namespace farm::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Millis kDayMs = 86'400'000;

class StoreUpkeepTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    obs::LogConfig quiet;
    quiet.level = obs::LogLevel::kOff;
    obs::start_logging(quiet);
  }
  static void TearDownTestSuite() { obs::stop_logging(); }

  StoreUpkeepTest() {
    config_.upkeep = false;
    config_.volume.volume_bytes = 256 << 10;
    config_.volume.preallocate_bytes = 64 << 10;
    open();
  }
  void open() {
    store_.reset();
    store_ = open_volume_store(disk_, clock_, "/data", config_).value();
  }
  void put(std::uint64_t id, std::size_t original_bytes = 3000) {
    const SampleRecord record({id}, 1, original_bytes);
    ASSERT_TRUE(store_->put({id}, 1, record.parts()));
  }
  // Flips a bit in the middle of the photo's record, wherever it lies.
  void damage(std::uint64_t id, std::size_t original_bytes = 3000) {
    const Bytes record = SampleRecord({id}, 1, original_bytes).whole();
    const auto names = disk_.list("/data/volumes");
    for (const std::string& name : names.value()) {
      const std::string path = "/data/volumes/" + name;
      const Bytes bytes = disk_.contents(path);
      const auto found = std::ranges::search(bytes, record);
      if (found.empty()) continue;
      disk_.flip_bit(path, found.begin() - bytes.begin() + record.size() / 2, 0);
    }
  }

  io::FakeFileSystem disk_;
  FakeClock clock_{kPhotoEpochMs};
  Config config_;
  std::unique_ptr<VolumeStore> store_;
};

TEST_F(StoreUpkeepTest, ScrubReadsEachVolumeOnceInAWhile) {
  put(1);
  put(2);
  EXPECT_EQ(store_->scrub().value(), 0U) << "it was written just now";
  clock_.advance(31 * kDayMs);
  const std::uint64_t bytes = store_->scrub().value();
  EXPECT_EQ(bytes, store_->stats().live_bytes);
  EXPECT_EQ(store_->stats().scrubbed_bytes, bytes);
  EXPECT_EQ(store_->stats().oldest_scrub_ms, clock_.now_ms());
  EXPECT_EQ(store_->scrub().value(), 0U);
  const Millis scrubbed_ms = clock_.now_ms();
  put(3);  // a checkpoint is written only where something changed
  open();
  EXPECT_EQ(store_->stats().oldest_scrub_ms, scrubbed_ms) << "known after a restart";
}

TEST_F(StoreUpkeepTest, ScrubFindsDamage) {
  for (std::uint64_t id = 1; id <= 10; ++id) put(id);
  damage(7);
  clock_.advance(31 * kDayMs);
  ASSERT_TRUE(store_->scrub());
  EXPECT_EQ(store_->stats().checksum_errors, 1U);
  EXPECT_THAT(store_->stats().problems, ElementsAre(HasSubstr("photo 7 is damaged")));
  const auto report = store_->verify({});
  EXPECT_THAT(report.value().damaged, ElementsAre(HasSubstr("photo 7 version 1")));
}

TEST_F(StoreUpkeepTest, ADamagedRemovalIsWrittenAgain) {
  put(1);
  put(2);
  const Bytes before = disk_.contents("/data/volumes/000001.vol");
  ASSERT_TRUE(store_->remove({1}));
  const Bytes after = disk_.contents("/data/volumes/000001.vol");
  const auto differs = std::ranges::mismatch(before, after).in2;
  const auto tombstone = static_cast<std::uint64_t>(differs - after.begin());
  disk_.flip_bit("/data/volumes/000001.vol", tombstone / 64 * 64 + 20, 0);
  const auto report = store_->verify({});
  ASSERT_TRUE(report);
  EXPECT_THAT(report.value().damaged, ElementsAre(HasSubstr("it was written again")));
  store_.reset();
  ASSERT_TRUE(disk_.remove("/data/index.checkpoint"));
  open();
  EXPECT_FALSE(store_->find({1}));
  EXPECT_TRUE(store_->find({2}));
}

TEST_F(StoreUpkeepTest, CompactionTellsWhatItFoundDamaged) {
  for (std::uint64_t id = 1; id <= 10; ++id) put(id);
  ASSERT_TRUE(store_->remove({1}));
  damage(5);
  const auto report = store_->compact({});
  ASSERT_TRUE(report);
  EXPECT_EQ(report.value().volumes, 1U);
  EXPECT_LT(report.value().bytes_after, report.value().bytes_before);
  EXPECT_THAT(store_->stats().problems, ElementsAre(HasSubstr("photo 5 is damaged")));
  EXPECT_EQ(store_->stats().compactions, 1U);
  EXPECT_EQ(store_->stats().garbage_bytes, 0U);
}

TEST_F(StoreUpkeepTest, ACompactionThatFailsIsToldAndOneThatWorksForgotten) {
  for (std::uint64_t id = 1; id <= 10; ++id) put(id);
  ASSERT_TRUE(store_->remove({1}));
  disk_.inject({.call = io::Call::kRename});
  auto report = store_->compact({});
  ASSERT_TRUE(report);
  EXPECT_EQ(report.value().failures.size(), 1U);
  EXPECT_THAT(store_->stats().problems, Contains(HasSubstr("could not be rewritten")));
  report = store_->compact({});
  EXPECT_EQ(report.value().volumes, 1U);
  EXPECT_THAT(store_->stats().problems, IsEmpty());
}

TEST_F(StoreUpkeepTest, CompactionTellsOfGarbageThatStays) {
  for (std::uint64_t id = 1; id <= 3; ++id) put(id);
  store_.reset();
  const std::string path = "/data/volumes/000001.vol";
  const Bytes first = SampleRecord({1}, 1, 3000).whole();
  ASSERT_TRUE(disk_.remove("/data/index.checkpoint"));
  // The header of the frame, so that the volume itself counts as damaged when it is gone through.
  const Bytes bytes = disk_.contents(path);
  const auto found = std::ranges::search(bytes, first);
  ASSERT_FALSE(found.empty());
  disk_.flip_bit(path, found.begin() - bytes.begin() - 5, 0);
  open();
  ASSERT_TRUE(store_->remove({2}));
  const auto report = store_->compact({});
  ASSERT_TRUE(report);
  EXPECT_EQ(report.value().volumes, 0U);
  EXPECT_THAT(report.value().failures, ElementsAre(HasSubstr("of deleted photos stay")));
}

TEST_F(StoreUpkeepTest, NothingWorksBeforeTheStoreIsLoaded) {
  put(1);
  store_.reset();
  store_ = attach_volume_store(disk_, clock_, "/data", config_).value();
  EXPECT_FALSE(store_->stats().open);
  EXPECT_FALSE(store_->find({1}));
  Bytes buffer(100);
  EXPECT_EQ(store_->read({1}, 0, 0, buffer).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store_->try_read({1}, 0, 0, buffer)->error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store_->verify({}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store_->scan({}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store_->remove({1}).error().code, ErrorCode::kUnavailable);
  const std::atomic<bool> never{false};
  ASSERT_TRUE(store_->load(never));
  EXPECT_TRUE(store_->stats().open);
  EXPECT_TRUE(store_->read({1}, 0, 0, buffer));
}

// With its own thread: what was deleted long enough ago goes by itself.
TEST_F(StoreUpkeepTest, GarbageGoesByItself) {
  for (std::uint64_t id = 1; id <= 10; ++id) put(id);
  ASSERT_TRUE(store_->remove({1}));
  store_.reset();
  clock_.advance(8 * kDayMs);
  config_.upkeep = true;
  open();
  // It is counted last.
  for (int i = 0; i < 3000 && store_->stats().compactions == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // its thread tells nobody
  }
  EXPECT_EQ(store_->stats().compactions, 1U);
  EXPECT_EQ(store_->stats().garbage_bytes, 0U);
  for (std::uint64_t id = 2; id <= 10; ++id) EXPECT_TRUE(store_->find({id}));
}

}  // namespace
}  // namespace farm::store
