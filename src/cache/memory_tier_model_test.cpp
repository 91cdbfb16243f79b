// The tier beside models that are too simple to be wrong, over random calls; and beside itself,
// from several threads at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "cache/memory_tier.h"
#include "cache/s3_fifo.h"

namespace farm::cache {
namespace {

constexpr HashSecret kSecret{11, 22};
constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\n\r\n";

struct Held {
  std::string body;
  int hits = 0;
};

// What a policy does, by keys in plain lists; every object costs 1.
class Model {
 public:
  explicit Model(std::size_t capacity) : capacity_(capacity) {}
  virtual ~Model() = default;
  virtual void touch(const std::string& key) = 0;
  virtual void admit(const std::string& key, const std::string& body) = 0;
  virtual void erase(const std::string& key) = 0;

  const Held* find(const std::string& key) {
    const auto found = held_.find(key);
    if (found == held_.end()) return nullptr;
    touch(key);
    return &found->second;
  }
  const std::map<std::string, Held>& held() const { return held_; }

 protected:
  using Queue = std::deque<std::string>;  // the oldest first

  static bool take_from(Queue& queue, const std::string& key) {
    const auto at = std::ranges::find(queue, key);
    if (at == queue.end()) return false;
    queue.erase(at);
    return true;
  }
  static std::string take_oldest(Queue& queue) {
    std::string key = queue.front();
    queue.pop_front();
    return key;
  }

  std::size_t capacity_;
  std::map<std::string, Held> held_;
};

class LruModel final : public Model {
 public:
  using Model::Model;
  void touch(const std::string& key) override {
    take_from(queue_, key);
    queue_.push_back(key);
  }
  void admit(const std::string& key, const std::string& body) override {
    erase(key);
    while (held_.size() >= capacity_) held_.erase(take_oldest(queue_));
    held_[key] = {body};
    queue_.push_back(key);
  }
  void erase(const std::string& key) override {
    held_.erase(key);
    take_from(queue_, key);
  }

 private:
  Queue queue_;
};

// Algorithm 1 of the paper. The ghost, whose table forgets a few early, is the tier's own.
class S3FifoModel final : public Model {
 public:
  using Model::Model;
  void touch(const std::string& key) override {
    Held& held = held_[key];
    held.hits = std::min(held.hits + 1, 3);
  }
  void admit(const std::string& key, const std::string& body) override {
    int hits = 0;
    if (held_.contains(key)) hits = held_[key].hits;
    const bool was_small = take_from(small_, key);
    const bool was_main = take_from(main_, key);
    held_.erase(key);
    while (held_.size() >= capacity_) evict();
    held_[key] = {body, hits};
    const bool to_main = was_main || (!was_small && ghost_.take(hash_key(kSecret, key)));
    (to_main ? main_ : small_).push_back(key);
  }
  void erase(const std::string& key) override {
    held_.erase(key);
    take_from(small_, key);
    take_from(main_, key);
  }

 private:
  void evict() {
    if (main_.empty() || (!small_.empty() && small_.size() >= capacity_ / 10)) {
      const std::string key = take_oldest(small_);
      if (held_[key].hits >= 2) {
        held_[key].hits = 0;
        main_.push_back(key);
      } else {
        ghost_.set_limit(held_.size() * S3Fifo::kGhostShare);
        ghost_.add(hash_key(kSecret, key));
        held_.erase(key);
      }
      return;
    }
    const std::string key = take_oldest(main_);
    if (held_[key].hits == 0) {
      held_.erase(key);
    } else {
      --held_[key].hits;
      main_.push_back(key);
    }
  }

  Queue small_;
  Queue main_;
  Ghost ghost_;
};

ObjectRef put(MemoryTier& tier, const std::string& key, const std::string& body) {
  return tier.insert(ObjectDraft({.key = key,
                                  .tags = "t" + std::to_string(key.size()),
                                  .head = kHead,
                                  .body = as_bytes(body)}));
}

template <class ModelType>
void compare_with_model(Policy policy, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::size_t capacity = 1 + random() % 120;
  SCOPED_TRACE("seed " + std::to_string(seed) + ", capacity " + std::to_string(capacity));
  MemoryTier tier(
      {.capacity_bytes = capacity, .policy = policy, .unit_cost = true, .secret = kSecret});
  ModelType model(capacity);
  std::geometric_distribution<int> which(1.0 / (2.0 * static_cast<double>(capacity)));
  for (int step = 0; step < 4000; ++step) {
    const std::string key = "k" + std::to_string(which(random));
    const auto what = random() % 20;
    if (what < 13) {  // as a cache is used
      const Held* const expected = model.find(key);
      const ObjectRef found = tier.find(key);
      ASSERT_EQ(expected != nullptr, static_cast<bool>(found)) << step << " " << key;
      if (found) {
        ASSERT_EQ(as_text(found->body()), expected->body);
      } else {
        model.admit(key, std::to_string(step));
        put(tier, key, std::to_string(step));
      }
    } else if (what < 18) {
      model.admit(key, std::to_string(step));
      put(tier, key, std::to_string(step));
    } else {
      ASSERT_EQ(tier.erase(key), model.held().contains(key));
      model.erase(key);
    }
    ASSERT_EQ(tier.stats().objects, model.held().size());
  }
  // Looked at without touching.
  std::map<std::string, std::string> kept;
  tier.erase_if([&](const Object& object) {
    kept[std::string(object.key())] = as_text(object.body());
    return false;
  });
  ASSERT_EQ(kept.size(), model.held().size());
  for (const auto& [key, held] : model.held()) ASSERT_EQ(kept[key], held.body) << key;
}

TEST(MemoryTierModelTest, LruKeepsExactlyWhatTheModelKeeps) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    compare_with_model<LruModel>(Policy::kLru, seed);
    if (HasFatalFailure()) return;
  }
}

TEST(MemoryTierModelTest, S3FifoKeepsExactlyWhatTheModelKeeps) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    compare_with_model<S3FifoModel>(Policy::kS3Fifo, seed);
    if (HasFatalFailure()) return;
  }
}

std::uint64_t memory_of_objects(MemoryTier& tier) {
  std::uint64_t bytes = 0;
  tier.erase_if([&](const Object& object) {
    bytes += object.memory_bytes();
    return false;
  });
  return bytes;
}

// In bytes, with several shards and changes of capacity: whatever is found is what was put in last,
// and the account is right after every call.
TEST(MemoryTierModelTest, AccountsForEveryByte) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::uint64_t capacity = 1000 + random() % 400'000;
    MemoryTier tier({.capacity_bytes = capacity,
                     .object_max_bytes = 9000,
                     .policy = seed % 2 == 0 ? Policy::kLru : Policy::kS3Fifo,
                     .shards = std::uint32_t{1} << (random() % 4)});
    std::map<std::string, std::string> latest;
    for (int step = 0; step < 3000; ++step) {
      const std::string key = "k" + std::to_string(random() % 300);
      const auto what = random() % 100;
      if (what < 50) {
        latest[key] = std::string(random() % 10000, static_cast<char>('a' + random() % 26));
        put(tier, key, latest[key]);
      } else if (what < 95) {
        const ObjectRef found = tier.find(key);
        if (found) {
          ASSERT_EQ(as_text(found->body()), latest[key]);
        }
      } else if (what < 98) {
        const std::string tag = "t" + std::to_string(2 + random() % 3);
        tier.erase_tag(tag);
        ASSERT_EQ(tier.erase_tag(tag), 0U);
      } else {
        capacity = random() % 400'000;
        tier.set_capacity(capacity);
      }
      const TierStats stats = tier.stats();
      ASSERT_LE(stats.bytes, capacity) << step;
      ASSERT_EQ(stats.capacity, capacity);
      if (step % 16 == 0) {
        ASSERT_EQ(stats.bytes, memory_of_objects(tier) + stats.index_bytes) << step;
      }
    }
  }
}

// Threads that put, find, hold, erase and purge the same keys, while another changes the capacity.
// Every body says of itself whether it is whole.
void hammer(Policy policy) {
  MemoryTier tier({.capacity_bytes = 300'000, .policy = policy, .shards = 4});
  constexpr int kThreads = 4;
  constexpr int kSteps = 8000;
  std::atomic<int> wrong = 0;
  const auto check = [&](const ObjectRef& ref, const std::string& key) {
    const std::string_view body = as_text(ref->body());
    const bool whole = ref->key() == key && ref->head() == kHead && !body.empty() &&
                       body.find_first_not_of(body[0]) == std::string_view::npos;
    if (!whole) ++wrong;
  };
  const auto work = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::pair<ObjectRef, std::string>> held(16);
    for (int step = 0; step < kSteps; ++step) {
      const std::string key = "k" + std::to_string(random() % 200);
      const auto what = random() % 1000;
      if (what < 700) {
        if (ObjectRef found = tier.find(key)) {
          check(found, key);
          held[random() % held.size()] = {std::move(found), key};
        }
      } else if (what < 950) {
        const std::string body(1 + random() % 4000, static_cast<char>('a' + random() % 26));
        held[random() % held.size()] = {put(tier, key, body), key};
      } else if (what < 990) {
        tier.erase(key);
      } else if (what < 995) {
        tier.erase_tag("t2");
      } else {
        tier.set_capacity(200'000 + random() % 200'000);
        if (tier.stats().objects > 200) ++wrong;
      }
    }
    for (const auto& [ref, key] : held) {
      if (ref) check(ref, key);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, static_cast<std::uint64_t>(i));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  const TierStats stats = tier.stats();
  EXPECT_LE(stats.bytes, stats.capacity);
  EXPECT_EQ(stats.bytes, memory_of_objects(tier) + stats.index_bytes);
  EXPECT_GT(stats.hits, 0U);
  EXPECT_GT(stats.evictions, 0U);
}

TEST(MemoryTierThreadsTest, S3FifoHoldsUnderManyThreads) { hammer(Policy::kS3Fifo); }
TEST(MemoryTierThreadsTest, LruHoldsUnderManyThreads) { hammer(Policy::kLru); }

}  // namespace
}  // namespace farm::cache
