// The tier beside a map that is too simple to be wrong, over random calls, restarts, kills and
// losses of power; and beside itself, from several threads at once.
#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "cache/disk/disk_tier_fixture.h"

namespace farm::cache {
namespace {

class DiskTierModelTest : public DiskTierTest {
 protected:
  // What may be found under a key: after calls, the last body or nothing; after a crash, any that
  // was offered before, if it is not known to have come onto the disk.
  struct Known {
    std::string last;  // "": erased, or never there
    std::set<std::string> before;
    bool sure = true;
  };

  std::string random_key() { return "/k" + std::to_string(random_() % 120); }

  void check(const std::string& key) {
    const std::string found = body_of(key);
    if (found.empty()) return;
    Known& known = known_[key];
    const bool right = found == known.last || (!known.sure && known.before.contains(found));
    ASSERT_TRUE(right) << key << " is " << found.substr(0, 20) << " instead of "
                       << known.last.substr(0, 20) << (known.sure ? ", surely" : "");
    ++found_;
  }

  void offer_one() {
    const std::string key = random_key();
    const bool large = random_() % 20 == 0;
    const std::string body = test_body(key, ++versions_, 1 + random_() % (large ? 12'000 : 5000));
    Known& known = known_[key];
    if (!known.last.empty()) known.before.insert(known.last);
    // Two are the same object, once it is offered and once it came back.
    const ObjectRef object = random_() % 8 == 0 ? tier_->read(key) : ObjectRef();
    if (object && as_text(object->body()) == known.last) {
      tier_->offer(object, random_() % 2 == 0);
      return;
    }
    known.last = body;
    known.sure = true;
    tier_->offer(test_object(key, body), random_() % 4 != 0);
  }

  void erase_one() {
    const std::string key = random_key();
    tier_->erase(key);
    Known& known = known_[key];
    if (!known.last.empty()) known.before.insert(known.last);
    known.last.clear();
    known.sure = true;
    ASSERT_TRUE(body_of(key).empty());
  }

  void step() {
    const auto what = random_() % 100;
    if (what < 45) {
      check(random_key());
    } else if (what < 88) {
      offer_one();
    } else if (what < 94) {
      erase_one();
    } else if (what < 97) {
      tier_->flush();
    } else {
      files_.set_cached(random_() % 2 == 0);
      const auto found = tier_->try_read(random_key());
      if (found && *found) {
        ASSERT_GT((*found)->body().size(), 0U);
      }
    }
  }

  void restart() {
    const auto how = random_() % 4;
    if (how == 0) {
      tier_.reset();
    } else if (how == 1) {
      tier_.reset();
      (void)files_.remove("/cache/a/cache.checkpoint");
    } else if (how == 2) {
      tier_->flush();
      kill();
    } else {
      kill();
      for (auto& [key, known] : known_) known.sure = false;
    }
    open();
  }

  void check_all() {
    for (const auto& [key, known] : known_) check(key);
    const DiskStats stats = tier_->stats();
    ASSERT_LE(stats.bytes, stats.capacity);
    ASSERT_TRUE(stats.problems.empty()) << stats.problems.front();
  }

  void run(std::uint64_t seed, int steps) {
    random_.seed(seed);
    open();
    for (int i = 0; i < steps; ++i) {
      step();
      if (random_() % 150 == 0) restart();
      if (HasFatalFailure()) return;
    }
    check_all();
  }

  std::mt19937_64 random_;
  std::map<std::string, Known> known_;
  std::uint64_t versions_ = 0;
  std::uint64_t found_ = 0;
};

TEST_F(DiskTierModelTest, FindsTheLastOrNothing) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tier_.reset();
    files_ = io::FakeFileSystem(seed);
    known_.clear();
    run(seed, 3000);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(found_, 4000U);
}

// Whatever a loss of power leaves of what was not synced: right, or not at all.
TEST_F(DiskTierModelTest, LossOfPowerLeavesNothingWrong) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tier_.reset();
    files_ = io::FakeFileSystem(seed);
    known_.clear();
    random_.seed(seed * 7919);
    open();
    for (int life = 0; life < 4; ++life) {
      const int steps = static_cast<int>(random_() % 400);
      for (int i = 0; i < steps && !HasFatalFailure(); ++i) step();
      if (random_() % 3 == 0) {
        // In the middle of something.
        files_.cut_power_after(random_() % 60);
        for (int i = 0; i < 100; ++i) offer_one();
        tier_->flush();
      } else if (random_() % 3 == 0) {
        tier_->stop();
      }
      lose_power(random_());
      for (auto& [key, known] : known_) known.sure = false;
      open();
      for (const auto& [key, known] : known_) check(key);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(found_, 2000U);
}

// Bits that fall over anywhere on the disk, between two starts and while it runs.
TEST_F(DiskTierModelTest, DamageIsNeverServed) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tier_.reset();
    files_ = io::FakeFileSystem(seed);
    known_.clear();
    random_.seed(seed);
    open();
    for (int i = 0; i < 300; ++i) offer_one();
    tier_->flush();
    if (seed % 2 == 0) tier_->stop();
    const std::vector<std::string> names = files_.list("/cache/a").value();
    for (const std::string& name : names) {
      const std::string path = "/cache/a/" + name;
      const std::uint64_t size = files_.contents(path).size();
      for (int i = 0; i < 3 && size > 0; ++i) {
        files_.flip_bit(path, random_() % size, static_cast<unsigned>(random_() % 8));
      }
    }
    if (seed % 2 == 0) open();
    for (const auto& [key, known] : known_) check(key);
    if (HasFatalFailure()) return;
    for (int i = 0; i < 300; ++i) offer_one();
    tier_->flush();
    for (const auto& [key, known] : known_) check(key);
  }
  EXPECT_GT(found_, 500U);
}

// Readers, offers, erasures and a writer that lets segments go all the time.
TEST_F(DiskTierModelTest, HoldsUnderManyThreads) {
  open(options_of({{"/cache/a", 512 << 10}, {"/cache/b", 512 << 10}}));
  std::atomic<int> wrong = 0;
  std::atomic<std::uint64_t> hits = 0;
  const auto work = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int step = 0; step < 3000; ++step) {
      const std::string key = "/k" + std::to_string(random() % 300);
      const auto what = random() % 100;
      if (what < 55) {
        auto found = tier_->try_read(key);
        if (!found) found = tier_->read(key);
        if (!*found) continue;
        ++hits;
        const std::string_view body = as_text((*found)->body());
        const std::string unit(body.substr(0, body.find('|') + 1));
        const bool whole = (*found)->key() == key && unit.starts_with(key + "#") &&
                           body.size() % unit.size() == 0 && body.ends_with(unit);
        if (!whole) ++wrong;
        if (random() % 4 == 0) tier_->offer(*found, true);
      } else if (what < 90) {
        tier_->offer(test_object(key, test_body(key, random(), 1 + random() % 5000)), true);
      } else if (what < 97) {
        tier_->erase(key);
      } else if (what < 98) {
        tier_->flush();
      } else if (tier_->stats().bytes > 1 << 20) {
        ++wrong;
      }
    }
  };
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 4; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  tier_->flush();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(hits, 0U);
  const DiskStats stats = tier_->stats();
  EXPECT_GT(stats.written_bytes, 2U << 20);  // so segments went all the time
  EXPECT_EQ(stats.corrupt, 0U);
  EXPECT_EQ(stats.disks, 2U);
}

}  // namespace
}  // namespace farm::cache
