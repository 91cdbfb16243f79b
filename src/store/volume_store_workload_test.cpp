// Random work on a disk that fails and loses its power, against a model: every acknowledged record
// reads back identical, every acknowledged removal stays, and what was not acknowledged is there
// whole or not at all. Each seed is one run of the store's life over many restarts:
//
//   PHOTOFARM_SEEDS=100000 farm_store_test --gtest_filter='*Workload*'   # more of them
//   PHOTOFARM_SEED=4711    farm_store_test --gtest_filter='*Workload*'   # that one again
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "io/fake_file.h"
#include "obs/log.h"
#include "store/sample_record.h"
#include "store/volume_store.h"

namespace farm::store {
namespace {

// What a photo is: never put (version 0), there, or removed.
struct State {
  std::uint32_t version = 0;
  std::size_t original_bytes = 0;
  bool removed = false;
  bool operator==(const State&) const = default;
};

struct Photo {
  State now;                 // what a read must show
  std::vector<State> maybe;  // what a restart may show instead: changes that failed
};

// What all seeds did together.
struct Totals {
  std::atomic<std::uint64_t> operations{0};
  std::atomic<std::uint64_t> crashes{0};
  std::atomic<std::uint64_t> compactions{0};
  std::atomic<std::uint64_t> checkpoints{0};
};

class Life {
 public:
  Life(std::uint64_t seed, bool concurrent, Totals& totals)
      : seed_(seed), concurrent_(concurrent), random_(seed), disk_(seed), totals_(totals) {
    config_.upkeep = false;  // done by the workload itself, so that a seed says when
    config_.paths = {"/a"};
    if (seed % 3 == 0) config_.paths.emplace_back("/b");
    config_.volume.volume_bytes = 64 << 10;
    config_.volume.preallocate_bytes = seed % 2 == 0 ? 16 << 10 : 4 << 10;
    if (!concurrent) config_.volume.commit_wait = std::chrono::microseconds{0};
  }

  void run() {
    open();
    for (int restart = 0; restart < 8 && !::testing::Test::HasFailure(); ++restart) {
      plan_trouble();
      if (concurrent_) {
        work_side_by_side();
      } else {
        work(random_, 1, 12, 60);
      }
      restart_store();
      check_all();
    }
  }

 private:
  static constexpr std::uint64_t kPhotosPerWorker = 12;

  std::uint64_t pick(std::uint64_t n) { return random_() % n; }

  void plan_trouble() {
    using io::Call;
    if (pick(3) == 0) disk_.cut_power_after(1 + pick(80));
    if (pick(4) == 0) disk_.set_free_space(pick(100'000));
    while (pick(3) == 0) {
      static constexpr std::array kCalls = {Call::kWrite, Call::kSync,   Call::kAllocate,
                                            Call::kOpen,  Call::kRename, Call::kSyncDirectory,
                                            Call::kRead};
      const Call call = kCalls[pick(kCalls.size())];
      disk_.inject({.call = call,
                    .nth = 1 + pick(40),
                    .error_number = call != Call::kRead && pick(3) == 0 ? ENOSPC : EIO,
                    .lasting = pick(6) == 0});
    }
  }

  void work(std::mt19937_64& random, std::uint64_t first, std::uint64_t photos, int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      const std::uint64_t id = first + random() % photos;
      const std::uint64_t what = random() % 20;
      ++totals_.operations;
      if (what < 9) {
        put(id, random);
      } else if (what < 11) {
        remove(id);
      } else if (what == 11) {
        compact();
      } else if (what == 12) {
        totals_.checkpoints += store_->checkpoint().has_value() ? 1 : 0;
      } else {
        check(id);
      }
    }
  }

  // Each worker has photos of its own, so that the model needs no lock.
  void work_side_by_side() {
    constexpr std::uint64_t kWorkers = 4;
    for (std::uint64_t id = 1; id <= kWorkers * kPhotosPerWorker; ++id) photos_[id];
    std::vector<std::thread> threads;
    for (std::uint64_t worker = 0; worker < kWorkers; ++worker) {
      const std::uint64_t first = 1 + worker * kPhotosPerWorker;
      threads.emplace_back([this, first, seed = random_()] {
        std::mt19937_64 random(seed);
        work(random, first, kPhotosPerWorker, 25);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  void put(std::uint64_t id, std::mt19937_64& random) {
    Photo& photo = photos_[id];
    State next{photo.now.version + 1, 1 + random() % 5000, false};
    if (random() % 20 == 0) next.original_bytes = 20'000 + random() % 60'000;
    const SampleRecord record({id}, next.version, next.original_bytes);
    const auto done = store_->put({id}, next.version, record.parts());
    if (photo.now.removed) {
      EXPECT_FALSE(done);
      return;
    }
    settle(photo, next, done);
  }

  void remove(std::uint64_t id) {
    Photo& photo = photos_[id];
    const auto done = store_->remove({id});
    if (photo.now.version == 0 || photo.now.removed) {
      EXPECT_EQ(done.error().code, ErrorCode::kNotFound);
      return;
    }
    settle(photo, {photo.now.version, 0, true}, done);
  }

  // Whatever fails of it, nothing may be lost: check() finds out.
  void compact() {
    const auto report = store_->compact({});
    ASSERT_TRUE(report) << report.error().message();
    totals_.compactions += report.value().volumes;
  }

  void settle(Photo& photo, const State& next, const Result<void>& done) {
    if (done) {
      photo = {next, {}};
      return;
    }
    EXPECT_TRUE(done.error().code == ErrorCode::kIo || done.error().code == ErrorCode::kNoSpace)
        << done.error().message();
    photo.maybe.push_back(next);
  }

  // The store must be as `now` says; reads may fail while the disk does, but never lie.
  void check(std::uint64_t id) {
    const State& now = photos_[id].now;
    const auto found = store_->find({id});
    const bool there = now.version != 0 && !now.removed;
    ASSERT_EQ(found.has_value(), there) << "photo " << id;
    if (!there) return;
    ASSERT_EQ(found->version, now.version) << "photo " << id;
    const Bytes expected = SampleRecord({id}, now.version, now.original_bytes).whole();
    ASSERT_EQ(found->bytes, expected.size());
    Bytes bytes(expected.size());
    const auto read = store_->read({id}, now.version, 0, bytes);
    if (!read && read.error().code == ErrorCode::kIo) return;
    ASSERT_TRUE(read) << read.error().message();
    ASSERT_TRUE(bytes == expected) << "photo " << id << " version " << now.version;
  }

  void restart_store() {
    const bool crash = pick(3) != 0;
    totals_.crashes += crash ? 1 : 0;
    if (crash) disk_.cut_power_after(0);  // closing must not tidy up first
    store_.reset();
    if (crash) {
      disk_.crash(random_());
    } else {
      disk_.clear_faults();
    }
    disk_.set_free_space(std::uint64_t{1} << 40);
    // Sometimes opening is cut off, too.
    if (pick(4) == 0) {
      ++totals_.crashes;
      disk_.cut_power_after(1 + pick(6));
      store_.reset();
      auto opened = open_volume_store(disk_, clock_, "/a", config_);
      if (opened) store_ = std::move(opened).value();
      disk_.cut_power_after(0);
      store_.reset();
      disk_.crash(random_());
    }
    open();
  }

  void open() {
    auto opened = open_volume_store(disk_, clock_, "/a", config_);
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(opened).value();
  }

  void check_all() {
    for (auto& [id, photo] : photos_) {
      if (::testing::Test::HasFatalFailure()) return;
      adopt(id, photo);
      check(id);
    }
    const auto report = store_->verify({});
    ASSERT_TRUE(report);
    EXPECT_EQ(report.value().damaged_count, 0U) << ::testing::PrintToString(report.value().damaged);
  }

  // After a restart one of the states that may be is the one that is.
  void adopt(std::uint64_t id, Photo& photo) {
    const auto found = store_->find({id});
    for (const State& state : photo.maybe) {
      const bool there = !state.removed;
      if (there != found.has_value()) continue;
      if (there) {
        const SampleRecord record({id}, state.version, state.original_bytes);
        if (found->version != state.version || found->bytes != record.whole().size()) continue;
      } else if (photo.now.version == 0) {
        continue;
      }
      photo.now = state;
      break;
    }
    photo.maybe.clear();
  }

  const std::uint64_t seed_;
  const bool concurrent_;
  std::mt19937_64 random_;
  io::FakeFileSystem disk_;
  FakeClock clock_{kPhotoEpochMs};
  Config config_;
  Totals& totals_;
  std::unique_ptr<VolumeStore> store_;
  std::map<std::uint64_t, Photo> photos_;
};

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

unsigned long long number(std::uint64_t value) { return value; }

void run_seeds(std::uint64_t count, bool concurrent) {
  const std::uint64_t only = number_from_environment("PHOTOFARM_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : number_from_environment("PHOTOFARM_SEEDS", count);
  Totals totals;
  obs::LogConfig quiet;
  quiet.level = obs::LogLevel::kOff;
  obs::start_logging(quiet);
  for (std::uint64_t seed = first; seed <= last && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("PHOTOFARM_SEED=" + std::to_string(seed));
    Life(seed, concurrent, totals).run();
  }
  obs::stop_logging();
  std::printf(
      "workload: seeds=%llu operations=%llu crashes=%llu compactions=%llu checkpoints=%llu "
      "lost=%d\n",
      1ULL + last - first, number(totals.operations), number(totals.crashes),
      number(totals.compactions), number(totals.checkpoints),
      ::testing::Test::HasFailure() ? 1 : 0);
}

#ifdef FARM_SANITIZED
constexpr std::uint64_t kSeeds = 40;
constexpr std::uint64_t kConcurrentSeeds = 10;
#else
constexpr std::uint64_t kSeeds = 2000;
constexpr std::uint64_t kConcurrentSeeds = 60;
#endif

TEST(VolumeStoreWorkload, LosesNothingItAcknowledged) { run_seeds(kSeeds, false); }

// Threads make the order of things different every time: a seed says what is done, not when.
TEST(VolumeStoreWorkload, LosesNothingItAcknowledgedToManyAtOnce) {
  run_seeds(kConcurrentSeeds, true);
}

}  // namespace
}  // namespace farm::store
