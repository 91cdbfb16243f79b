#include "cache/purge_log.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "base/checksum.h"
#include "io/fake_file.h"

namespace farm::cache {
namespace {

using Kind = Purge::Kind;
using enum PurgeVerdict;

constexpr const char* kFile = "/data/purge.log";
constexpr std::size_t kAll = 1'000'000;

Purge tag(std::uint64_t number, bool soft = false) {
  return {Kind::kTag, "p" + std::to_string(number), soft};
}

class PurgeLogTest : public ::testing::Test {
 protected:
  PurgeLogTest() { EXPECT_TRUE(disk_.make_directories("/data")); }

  std::unique_ptr<PurgeLog> open() {
    auto log = PurgeLog::open(disk_, kFile, clock_, options_);
    EXPECT_TRUE(log) << log.error().message();
    return std::move(log).value();
  }
  static std::uint64_t append(PurgeLog& log, const Purge& purge) {
    const PurgeLog::Appended appended = log.append({&purge, 1});
    EXPECT_TRUE(appended.durable);
    return appended.number;
  }

  io::FakeFileSystem disk_;
  FakeClock clock_{1'000'000};
  PurgeLogOptions options_{.retry_after = std::chrono::milliseconds(0)};
};

TEST_F(PurgeLogTest, EverythingFromBeforeANewLogIsGone) {
  const auto log = open();
  EXPECT_EQ(log->last(), 1'000'000U);
  EXPECT_EQ(log->judge("/a", "", 999'999), kGone);
  EXPECT_EQ(log->judge("/a", "", log->last()), kGood);
  EXPECT_EQ(log->judge("/a", "", log->last() + 1), kGone) << "a number that was never given";
}

TEST_F(PurgeLogTest, JudgesByWhatCameSince) {
  const auto log = open();
  const std::uint64_t before = log->last();
  const std::uint64_t first = append(*log, tag(1));
  const std::uint64_t second = append(*log, tag(2, true));
  EXPECT_LT(before, first);
  EXPECT_LT(first, second);
  EXPECT_EQ(log->last(), second);
  EXPECT_EQ(log->judge("/a", "p1", before), kGone);
  EXPECT_EQ(log->judge("/a", "p1", first), kGood);
  EXPECT_EQ(log->judge("/a", "p1 p2", first), kStale);
  EXPECT_EQ(log->judge("/a", "p1 p2", before), kGone);
  EXPECT_EQ(log->judge("/a", "p3", before), kGood);
}

TEST_F(PurgeLogTest, SurvivesARestart) {
  PurgeLogId id{};
  std::uint64_t before = 0;
  {
    const auto log = open();
    id = log->id();
    before = log->last();
    append(*log, tag(1));
    append(*log, {Kind::kPrefix, "/old/", true});
  }
  clock_.advance(5000);
  const auto log = open();
  EXPECT_EQ(log->id(), id);
  EXPECT_EQ(log->judge("/a", "p1", before), kGone);
  EXPECT_EQ(log->judge("/old/a", "", before), kStale);
  EXPECT_EQ(log->judge("/a", "p2", before), kGood);
  EXPECT_GT(append(*log, tag(3)), 1'005'000U) << "numbers that nobody wrote down do not come again";
}

TEST_F(PurgeLogTest, ALostFileMeansThatEverythingIsGone) {
  std::uint64_t stored = 0;
  {
    const auto log = open();
    stored = append(*log, tag(1));
  }
  clock_.advance(60'000);
  ASSERT_TRUE(disk_.remove(kFile));
  EXPECT_EQ(open()->judge("/a", "p9", stored), kGone);
  clock_.advance(60'000);
  disk_.set_contents(kFile, as_bytes("this is no log"));
  EXPECT_EQ(open()->judge("/a", "p9", stored), kGone);
}

TEST_F(PurgeLogTest, RefusesANewerFormat) {
  Bytes head = encode_purge_file_head({});
  store_le(head, 8, std::uint16_t{2});
  // Its checksum is good: what another version means by it is another matter.
  const std::array<std::byte, 4> zero{};
  store_le(head, 12,
           crc32c(ByteView(head).subspan(16), crc32c(zero, crc32c(ByteView(head).first(12)))));
  disk_.set_contents(kFile, head);
  EXPECT_EQ(PurgeLog::open(disk_, kFile, clock_).error().code, ErrorCode::kUnsupported);
}

TEST_F(PurgeLogTest, TheSameAgainTakesTheOldOnesPlace) {
  const auto log = open();
  const std::uint64_t before = log->last();
  for (int i = 0; i < 10; ++i) {
    append(*log, tag(1));
    append(*log, tag(1, true));
    append(*log, {Kind::kPath, "/a"});
  }
  EXPECT_EQ(log->stats().purges, 3U);
  EXPECT_EQ(log->stats().value_bytes, 6U);
  append(*log, tag(1));
  EXPECT_EQ(log->stats().purges, 2U) << "a hard one makes the soft one superfluous";
  EXPECT_EQ(log->judge("/x", "p1", before), kGone);
}

TEST_F(PurgeLogTest, TooManyMakeAFloor) {
  options_.max_purges = 10;
  const auto check = [&](const PurgeLog& log, std::uint64_t base) {
    EXPECT_EQ(log.stats().purges, 10U);
    EXPECT_EQ(log.stats().floors.gone, base + 9);
    EXPECT_EQ(log.stats().floors.stale, base + 10);
    EXPECT_EQ(log.judge("/a", "", base + 8), kGone);
    EXPECT_EQ(log.judge("/a", "", base + 9), kStale);
    EXPECT_EQ(log.judge("/a", "", base + 10), kGood);
    EXPECT_EQ(log.judge("/a", "p19", base + 10), kGone);
  };
  std::uint64_t base = 0;
  {
    const auto log = open();
    base = log->last();
    for (std::uint64_t i = 1; i <= 20; ++i) append(*log, tag(i, i % 2 == 0));
    check(*log, base);
  }
  check(*open(), base);
}

TEST_F(PurgeLogTest, BytesAreBoundedToo) {
  options_.max_value_bytes = 1000;
  const auto log = open();
  for (int i = 0; i < 50; ++i) {
    append(*log, {Kind::kPath, "/" + std::to_string(i) + std::string(96, 'x')});
    EXPECT_LE(log->stats().value_bytes, 1000U);
  }
  EXPECT_GT(log->stats().purges, 8U);
}

TEST_F(PurgeLogTest, IsMadeSmallerWhenMostOfItIsOld) {
  const auto log = open();
  const std::string path = "/" + std::string(8000, 'x');
  for (int i = 0; i < 1000; ++i) append(*log, {Kind::kPath, path});
  EXPECT_LT(log->stats().file_bytes, std::uint64_t{3} << 20);
  EXPECT_EQ(log->stats().file_bytes, disk_.contents(kFile).size());
  append(*log, tag(1));
  EXPECT_EQ(open()->stats().purges, 2U);
}

TEST_F(PurgeLogTest, PagesShowItsOwnPurgesInOrder) {
  const auto log = open();
  const std::uint64_t start = log->last();
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 0; i < 7; ++i) numbers.push_back(append(*log, tag(i)));
  const Purge foreign = tag(99);
  ASSERT_TRUE(log->append_followed({&foreign, 1}, {.log = {std::byte{1}}, .last = 5}).durable);
  std::vector<std::uint64_t> seen;
  for (std::uint64_t after = start;;) {
    const PurgePage page = log->page(after, 3, kAll);
    EXPECT_EQ(page.log, log->id());
    EXPECT_EQ(page.after, after);
    EXPECT_EQ(page.floors.gone, start);
    EXPECT_LE(page.purges.size(), 3U);
    for (const auto& entry : page.purges) seen.push_back(entry.number);
    after = page.last;
    if (!page.more) break;
  }
  EXPECT_EQ(seen, numbers);
  EXPECT_EQ(log->page(start, kAll, 5).purges.size(), 2U) << "\"p0p1\" are 4 bytes";
  EXPECT_EQ(log->page(start, kAll, 1).purges.size(), 1U) << "at least one";
  EXPECT_EQ(log->page(log->last(), kAll, kAll).last, log->last());
  EXPECT_FALSE(log->page(log->last(), kAll, kAll).more);
}

TEST_F(PurgeLogTest, KnowsHowFarOthersWereFollowed) {
  const PurgeLogId other{std::byte{7}};
  const Purge purge = tag(1);
  {
    const auto log = open();
    EXPECT_EQ(log->followed(other), 0U);
    ASSERT_TRUE(log->append_followed({&purge, 1}, {other, 100}).durable);
    ASSERT_TRUE(log->append_followed({&purge, 1}, {other, 90}).durable);
    EXPECT_EQ(log->followed(other), 100U);
  }
  const auto log = open();
  EXPECT_EQ(log->followed(other), 100U);
  options_.max_followed = 2;
  ASSERT_TRUE(log->append_followed({}, {PurgeLogId{std::byte{9}}, 3}).durable);
}

TEST_F(PurgeLogTest, ATornEndIsCutOff) {
  Bytes whole;
  std::uint64_t before = 0;
  {
    const auto log = open();
    before = log->last();
    append(*log, tag(1));
    append(*log, tag(2));
    whole = disk_.contents(kFile);
  }
  const std::size_t two = whole.size();
  const std::size_t one = two - 32;
  for (std::size_t size = one; size < two; ++size) {
    disk_.set_contents(kFile, ByteView(whole).first(size));
    const auto log = open();
    EXPECT_EQ(log->judge("/", "p1", before), kGone);
    EXPECT_EQ(log->judge("/", "p2", before), kGood) << size;
    append(*log, tag(3));
    EXPECT_EQ(open()->judge("/", "p3", before), kGone);
  }
}

TEST_F(PurgeLogTest, DamageInTheMiddlePurgesWhatIsOlder) {
  std::vector<std::uint64_t> numbers;
  std::uint64_t before = 0;
  {
    const auto log = open();
    before = log->last();
    for (std::uint64_t i = 0; i < 4; ++i) numbers.push_back(append(*log, tag(i)));
  }
  disk_.flip_bit(kFile, kPurgeFileHeadBytes + 32 + 25, 3);  // the second one's value
  const auto log = open();
  EXPECT_EQ(log->judge("/", "other", before), kGone);
  EXPECT_EQ(log->judge("/", "other", numbers[0]), kGone);
  EXPECT_EQ(log->judge("/", "other", numbers[1]), kGood);
  EXPECT_EQ(log->judge("/", "p3", numbers[1]), kGone);
  EXPECT_EQ(open()->stats().floors.gone, numbers[1]) << "and it stays so";
}

TEST_F(PurgeLogTest, WhatCannotBeWrittenCountsAndIsWrittenLater) {
  const auto log = open();
  const std::uint64_t before = log->last();
  for (const io::Call call : {io::Call::kWrite, io::Call::kSync}) {
    disk_.inject({.call = call, .nth = 1, .error_number = ENOSPC, .lasting = true});
    const Purge purge = tag(static_cast<std::uint64_t>(call));
    const PurgeLog::Appended failed = log->append({&purge, 1});
    ASSERT_FALSE(failed.durable);
    EXPECT_EQ(failed.durable.error().code, ErrorCode::kNoSpace);
    EXPECT_EQ(log->judge("/", purge.value, before), kGone);
    EXPECT_LT(log->durable(), failed.number);
    EXPECT_LT(log->page(before, kAll, kAll).last, failed.number) << "others must not see it yet";
    disk_.clear_faults();
    ASSERT_TRUE(log->flush());
    EXPECT_EQ(log->durable(), failed.number);
    EXPECT_EQ(open()->judge("/", purge.value, before), kGone);
  }
  EXPECT_EQ(log->stats().failures, 2U);
}

TEST_F(PurgeLogTest, AFullDiskDoesNotKeepItFromOpening) {
  disk_.inject({.call = io::Call::kWrite, .nth = 1, .error_number = ENOSPC, .lasting = true});
  const auto log = open();
  const std::uint64_t before = log->last();
  const Purge purge = tag(1);
  EXPECT_FALSE(log->append({&purge, 1}).durable);
  disk_.clear_faults();
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(open()->judge("/", "p1", before), kGone);
}

// Power cut at every change that appending and rewriting make: nothing acknowledged is forgotten.
TEST_F(PurgeLogTest, APowerCutForgetsNothingThatWasAcknowledged) {
  for (std::uint64_t cut = 1; cut <= 40; ++cut) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      io::FakeFileSystem disk(seed);
      ASSERT_TRUE(disk.make_directories("/data"));
      auto log = PurgeLog::open(disk, kFile, clock_, options_).value();
      const std::uint64_t before = log->last();
      disk.cut_power_after(cut);
      std::vector<Purge> acknowledged;
      for (std::uint64_t i = 0; i < 30; ++i) {
        const std::array purges = {tag(i), Purge{Kind::kPath, "/" + std::string(i * 11, 'x')}};
        if (!log->append(purges).durable) continue;
        acknowledged.insert(acknowledged.end(), purges.begin(), purges.end());
      }
      log.reset();
      disk.crash(seed);
      disk.clear_faults();
      log = PurgeLog::open(disk, kFile, clock_, options_).value();
      EXPECT_EQ(log->stats().floors.gone, before);
      for (const Purge& purge : acknowledged) {
        const bool is_tag = purge.kind == Kind::kTag;
        ASSERT_EQ(log->judge(is_tag ? "/other" : purge.value, is_tag ? purge.value : "", before),
                  kGone)
            << "cut " << cut << " seed " << seed << " " << purge.value;
      }
    }
  }
}

// Random purges, restarts and judgements, against a list that forgets nothing: never less hard
// than it, and as hard while nothing had to be forgotten.
TEST_F(PurgeLogTest, AgreesWithANaiveList) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const bool bounded = seed % 3 == 0;
    options_.max_purges = bounded ? 8 : 10'000;
    ASSERT_TRUE(!disk_.exists(kFile).value() || disk_.remove(kFile));
    clock_.advance(1000);
    auto log = open();
    struct Listed {
      std::uint64_t number;
      Purge purge;
    };
    std::vector<Listed> list;
    std::vector<std::uint64_t> known = {log->last()};
    for (int step = 0; step < 300; ++step) {
      if (random() % 20 == 0) {
        log.reset();
        disk_.crash(seed);
        log = open();
      } else if (random() % 3 == 0) {
        const Purge purge{random() % 2 == 0 ? Kind::kTag : Kind::kPath,
                          "/" + std::to_string(random() % 12), random() % 2 == 0};
        list.push_back({append(*log, purge), purge});
        known.push_back(log->last());
      }
      const std::uint64_t since = known[random() % known.size()];
      const std::string key = "/" + std::to_string(random() % 12);
      const std::string tags = "/" + std::to_string(random() % 12);
      PurgeVerdict expected = kGood;
      for (const auto& [number, purge] : list) {
        const bool means = purge.value == (purge.kind == Kind::kTag ? tags : key);
        if (number > since && means) expected = std::max(expected, purge.soft ? kStale : kGone);
      }
      const PurgeVerdict verdict = log->judge(key, tags, since);
      if (bounded) {
        ASSERT_GE(verdict, expected);
      } else {
        ASSERT_EQ(verdict, expected);
      }
    }
  }
}

TEST_F(PurgeLogTest, ManyThreadsShareItsSyncs) {
  const auto log = open();
  const std::uint64_t before = log->last();
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 200; ++i) {
        const Purge purge = tag(t * 1000 + i);
        const PurgeLog::Appended appended = log->append({&purge, 1});
        EXPECT_TRUE(appended.durable);
        EXPECT_GE(log->durable(), appended.number);
        EXPECT_EQ(log->judge("/", purge.value, before), kGone);
        EXPECT_EQ(log->judge("/", "nobody", before), kGood);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log->last(), before + 800);
  EXPECT_LE(log->stats().syncs, 801U);
  EXPECT_EQ(open()->stats().purges, 800U);
}

TEST(PurgeLogInMemoryTest, NeedsNoDisk) {
  const FakeClock clock(5);
  const auto log = PurgeLog::in_memory(clock);
  const std::uint64_t before = log->last();
  const Purge purge = tag(1);
  ASSERT_TRUE(log->append({&purge, 1}).durable);
  EXPECT_EQ(log->judge("/", "p1", before), kGone);
  EXPECT_EQ(log->page(before, 10, 1000).purges.size(), 1U);
}

}  // namespace
}  // namespace farm::cache
