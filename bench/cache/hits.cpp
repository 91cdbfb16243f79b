#include <chrono>
#include <cstdio>
#include <ctime>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "cache/memory_tier.h"
#include "commands.h"
#include "workload.h"

namespace farm::bench {
namespace {

constexpr std::uint64_t kBodyBytes = 1000;

std::vector<std::string> make_keys(std::uint64_t count) {
  std::vector<std::string> keys;
  for (std::uint64_t n = 0; n < count; ++n) {
    keys.push_back("GET\n/1/" + std::to_string(382'755'031'595'618'304 + n) +
                   "_63c83a0c96d246de3def_m.jpg");
  }
  return keys;
}

// What one would write first: the least recently used, a hash map and a list behind a mutex.
class MutexLru {
 public:
  using Body = std::shared_ptr<const std::vector<char>>;

  void insert(const std::string& key) {
    entries_.emplace_front(key, std::make_shared<const std::vector<char>>(kBodyBytes));
    by_key_[key] = entries_.begin();
  }
  Body find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->second;
  }

 private:
  std::mutex mutex_;
  std::list<std::pair<std::string, Body>> entries_;
  std::unordered_map<std::string, std::list<std::pair<std::string, Body>>::iterator> by_key_;
};

double process_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

struct Cost {
  double wall_ns = 0;  // a find, as one thread sees it
  double cpu_ns = 0;   // a find, of all threads
};

// Each of so many threads does all of them.
template <class Find>
Cost cost(int threads, const std::vector<std::uint32_t>& order, const Find& find) {
  const auto work = [&](std::size_t begin) {
    std::uint64_t missed = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      missed += find(order[(begin + i) % order.size()]) ? 0 : 1;
    }
    if (missed > 0) std::fprintf(stderr, "%llu missed\n", static_cast<unsigned long long>(missed));
  };
  const auto began = std::chrono::steady_clock::now();
  const double cpu_began = process_cpu_ns();
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) {
    others.emplace_back(work, order.size() / static_cast<std::size_t>(threads) * i);
  }
  work(0);
  for (std::thread& other : others) other.join();
  const double finds = static_cast<double>(order.size());
  const std::chrono::duration<double, std::nano> wall = std::chrono::steady_clock::now() - began;
  return {wall.count() / finds, (process_cpu_ns() - cpu_began) / finds / threads};
}

void print(const char* way, int threads, const Cost& cost) {
  std::printf("{\"way\": \"%s\", \"threads\": %d, \"wall_ns\": %.2f, \"cpu_ns\": %.2f}\n", way,
              threads, cost.wall_ns, cost.cpu_ns);
}

}  // namespace

void measure_hits(const HitsOptions& options) {
  const std::vector<std::string> keys = make_keys(options.objects);
  const std::string body(kBodyBytes, 'x');
  const auto tier_of = [&](cache::Policy policy) {
    auto tier = std::make_unique<cache::MemoryTier>(cache::MemoryTierOptions{
        .capacity_bytes = options.objects * 4096, .policy = policy, .shards = 64});
    for (const std::string& key : keys) {
      tier->insert(
          cache::ObjectDraft({.key = key, .head = "HTTP/1.1 200 OK", .body = as_bytes(body)}));
    }
    return tier;
  };
  const auto s3fifo = tier_of(cache::Policy::kS3Fifo);
  const auto lru = tier_of(cache::Policy::kLru);
  MutexLru peer;
  for (const std::string& key : keys) peer.insert(key);
  Zipf zipf(options.objects, options.alpha);
  std::vector<std::uint32_t> order(options.finds);
  for (std::uint32_t& next : order) next = static_cast<std::uint32_t>(zipf.next());
  for (int round = 0; round < options.rounds; ++round) {
    for (const int threads : {1, 2}) {
      print("s3fifo", threads, cost(threads, order, [&](std::uint32_t n) {
              return static_cast<bool>(s3fifo->find(keys[n]));
            }));
      print("lru", threads, cost(threads, order, [&](std::uint32_t n) {
              return static_cast<bool>(lru->find(keys[n]));
            }));
      print("peer", threads, cost(threads, order, [&](std::uint32_t n) {
              return static_cast<bool>(peer.find(keys[n]));
            }));
      print("hash", threads,
            cost(threads, order, [&](std::uint32_t n) { return s3fifo->hash(keys[n]) != 0; }));
    }
  }
}

}  // namespace farm::bench
