// Disks that fail, fill up, go and come back.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include "cache/disk/disk.h"
#include "cache/disk/disk_tier_fixture.h"
#include "cache/disk/segment_files.h"

namespace farm::cache {
namespace {

class DiskFaultsTest : public DiskTierTest {
 protected:
  void open_two() { open(options_of({{"/cache/a", 1 << 20}, {"/cache/b", 1 << 20}})); }

  void offer_many(int from, int to) {
    for (int i = from; i < to; ++i) offer("/" + std::to_string(i), test_body("/", i, 1000));
    tier_->flush();
  }
  int count_found(int from, int to) {
    int found = 0;
    for (int i = from; i < to; ++i) {
      const std::string body = body_of("/" + std::to_string(i));
      if (body.empty()) continue;
      EXPECT_TRUE(body == test_body("/", i, 1000)) << i;
      ++found;
    }
    return found;
  }
  // Which disk a key is on, by what the disks count.
  bool is_on_first(const std::string& key) {
    const std::uint64_t before = tier_->stats_by_disk()[0].hits;
    EXPECT_FALSE(body_of(key).empty());
    return tier_->stats_by_disk()[0].hits > before;
  }
  // The next thing that is written fails, and so does all after it.
  void break_writes() {
    files_.inject({.call = io::Call::kWrite, .nth = 1, .error_number = EIO, .lasting = true});
    offer("/breaks", "it");
    offer("/breaks too", "the other");
    tier_->flush();
    files_.clear_faults();
  }
};

TEST_F(DiskFaultsTest, ObjectsSpreadOverTheDisks) {
  open(options_of({{"/cache/a", 1 << 20}, {"/cache/b", 3 << 20}}));
  offer_many(0, 400);
  const auto stats = tier_->stats_by_disk();
  ASSERT_EQ(stats.size(), 2U);
  EXPECT_EQ(stats[0].objects + stats[1].objects, 400U);
  // By their sizes.
  EXPECT_GT(stats[0].objects, 70U);
  EXPECT_LT(stats[0].objects, 130U);
  tier_.reset();
  open(options_of({{"/cache/a", 1 << 20}, {"/cache/b", 3 << 20}}));
  EXPECT_EQ(count_found(0, 400), 400);
}

TEST_F(DiskFaultsTest, AFailingDiskDropsOut) {
  open();
  offer_many(0, 50);
  break_writes();
  EXPECT_EQ(tier_->stats().disks, 0U);
  ASSERT_EQ(tier_->stats().problems.size(), 1U);
  EXPECT_NE(tier_->stats().problems[0].find("/cache/a"), std::string::npos);
  EXPECT_EQ(count_found(0, 50), 0);
  offer("/more", "body");
  EXPECT_EQ(body_of("/more"), "");
  EXPECT_FALSE(tier_->erase("/1"));
  // What it missed since then cannot be known: it begins anew.
  open();
  EXPECT_EQ(tier_->stats().disks, 1U);
  EXPECT_TRUE(tier_->stats().problems.empty());
  EXPECT_EQ(count_found(0, 50), 0);
  offer_many(0, 50);
  EXPECT_EQ(count_found(0, 50), 50);
}

TEST_F(DiskFaultsTest, FailingReadsAreMissesAtFirst) {
  open();
  offer_many(0, 50);
  files_.inject({.call = io::Call::kRead, .nth = 1, .error_number = EIO});
  EXPECT_EQ(body_of("/0"), "");
  EXPECT_EQ(tier_->stats().errors, 1U);
  EXPECT_EQ(count_found(1, 50), 49);
  files_.inject({.call = io::Call::kRead, .nth = 1, .error_number = EIO, .lasting = true});
  EXPECT_EQ(count_found(1, 50), 0);
  files_.clear_faults();
  EXPECT_EQ(tier_->stats().disks, 0U);
  EXPECT_EQ(tier_->stats().problems.size(), 1U);
}

TEST_F(DiskFaultsTest, OthersTakeOver) {
  open_two();
  offer_many(0, 200);
  std::vector<int> on_first;
  for (int i = 0; i < 200; ++i) {
    if (is_on_first("/" + std::to_string(i))) on_first.push_back(i);
  }
  ASSERT_GT(on_first.size(), 50U);
  ASSERT_LT(on_first.size(), 150U);
  // Reads of the first alone fail, until it drops out.
  files_.inject({.call = io::Call::kRead, .nth = 1, .error_number = EIO, .lasting = true});
  for (const int i : on_first) EXPECT_EQ(body_of("/" + std::to_string(i)), "");
  files_.clear_faults();
  tier_->flush();
  auto stats = tier_->stats_by_disk();
  EXPECT_EQ(stats[0].disks, 0U);
  EXPECT_EQ(stats[1].disks, 1U);
  EXPECT_EQ(count_found(0, 200), 200 - static_cast<int>(on_first.size()));
  // What was the first one's finds a place again.
  offer_many(0, 200);
  EXPECT_EQ(count_found(0, 200), 200);
}

// Who has flushed a tier knows which disks take what comes next.
TEST(DiskTest, AFlushWaitsUntilItsDropOutIsKnown) {
  io::FakeFileSystem files;
  const FakeClock clock(1'700'000'000'000);
  auto home = DiskHome::open(files, "/cache/a");
  ASSERT_TRUE(home) << home.error().message();
  ASSERT_TRUE(home.value()->write_head({.disk = 1, .epoch = 1, .secret = {1, 2}, .members = {1}}));
  std::atomic<bool> known{false};
  const auto tell = [&](std::uint32_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // for a flush that does not wait
    known = true;
  };
  Disk disk(files, clock, std::move(home).value(),
            {.bytes = 1 << 20,
             .segment_bytes = 64 << 10,
             .object_max_bytes = 8 << 10,
             .queue_bytes = 1 << 20,
             .dropped_out = tell});
  ASSERT_TRUE(disk.load());
  disk.start();
  disk.drop_out(make_error(ErrorCode::kIo, "test", "it is gone"));
  disk.flush();
  EXPECT_TRUE(known.load());
}

// A disk that was away does not bring back what was replaced meanwhile, whoever is there next.
TEST_F(DiskFaultsTest, AComebackBringsNothingBack) {
  open_two();
  for (int i = 0; i < 100; ++i) offer("/" + std::to_string(i), "old");
  tier_->flush();
  open(options_of({{"/cache/b", 1 << 20}}));
  for (int i = 0; i < 100; ++i) offer("/" + std::to_string(i), "new");
  tier_->flush();
  open_two();
  int found = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string body = body_of("/" + std::to_string(i));
    EXPECT_NE(body, "old");
    found += body == "new" ? 1 : 0;
  }
  EXPECT_GT(found, 20);  // those that are the second one's now as well
  EXPECT_LT(found, 80);
  for (int i = 0; i < 100; ++i) offer("/" + std::to_string(i), "newest");
  tier_->flush();
  open(options_of({{"/cache/b", 1 << 20}}));
  for (int i = 0; i < 100; ++i) {
    const std::string body = body_of("/" + std::to_string(i));
    EXPECT_TRUE(body.empty() || body == "newest") << body;
  }
}

TEST_F(DiskFaultsTest, ADiskOfAnotherTierBeginsAnew) {
  open(options_of({{"/cache/a", 1 << 20}}));
  offer_many(0, 50);
  open(options_of({{"/cache/b", 1 << 20}}));
  offer_many(50, 100);
  open_two();
  EXPECT_EQ(tier_->stats().disks, 2U);
  EXPECT_EQ(count_found(0, 50) + count_found(50, 100), static_cast<int>(tier_->stats().objects));
  offer_many(0, 100);
  EXPECT_EQ(count_found(0, 100), 100);
}

TEST_F(DiskFaultsTest, AFullDiskUsesWhatItHas) {
  files_.set_free_space((400 << 10) + 8192);
  open();
  for (int i = 0; i < 90; ++i) offer("/" + std::to_string(i), std::string(4000, 'x'));
  tier_->flush();
  EXPECT_EQ(tier_->stats().disks, 1U);
  EXPECT_EQ(body_of("/89").size(), 4000U);
  // Nothing that is removed comes back to a fake disk: so this is the end of it.
  for (int i = 0; i < 300; ++i) offer("/" + std::to_string(i), std::string(4000, 'x'));
  tier_->flush();
  const DiskStats stats = tier_->stats();
  EXPECT_FALSE(stats.problems.empty());
  EXPECT_EQ(body_of("/none"), "");
}

// Wherever the power goes away for good while the tier starts and runs: it starts, or says why not,
// and what it finds afterwards is right.
TEST_F(DiskFaultsTest, AnyCallMayFail) {
  for (std::uint64_t nth = 0; nth < 120; ++nth) {
    SCOPED_TRACE("call " + std::to_string(nth));
    files_ = io::FakeFileSystem(nth + 1);
    open_two();
    offer_many(0, 60);
    tier_.reset();
    files_.cut_power_after(nth);
    open_two();
    offer_many(60, 120);
    tier_.reset();
    files_.crash(nth);
    open_two();
    ASSERT_EQ(tier_->stats().disks, 2U);
    count_found(0, 120);
    offer_many(0, 120);
    EXPECT_EQ(count_found(0, 120), 120);
    tier_.reset();
    if (HasFailure()) return;
  }
}

TEST_F(DiskFaultsTest, AnyKindOfCallMayFailForAWhile) {
  for (const io::Call call :
       {io::Call::kOpen, io::Call::kRead, io::Call::kWrite, io::Call::kSync, io::Call::kAllocate,
        io::Call::kTruncate, io::Call::kRename, io::Call::kRemove, io::Call::kSyncDirectory}) {
    for (const int error_number : {EIO, ENOSPC}) {
      for (std::uint64_t nth = 1; nth <= 6; ++nth) {
        SCOPED_TRACE("kind " + std::to_string(static_cast<int>(call)) + ", error " +
                     std::to_string(error_number) + ", call " + std::to_string(nth));
        files_ = io::FakeFileSystem(nth);
        open();
        offer_many(0, 60);
        tier_.reset();
        files_.inject({.call = call, .nth = nth, .error_number = error_number});
        open();
        offer_many(60, 120);
        count_found(0, 120);
        open();
        count_found(0, 120);
        tier_.reset();
        files_.clear_faults();
        open();
        ASSERT_EQ(tier_->stats().disks, 1U);
        offer_many(0, 120);
        EXPECT_EQ(count_found(0, 120), 120);
        tier_.reset();
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace farm::cache
