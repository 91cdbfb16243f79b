// What waits to be written to a disk: objects, the newest of each key alone, and hashes that are to
// be forgotten. Bounded in bytes. Objects that are being written stay in it until they are on the
// disk, so that they are found all the time. Its owner locks it.
#pragma once

#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cache/object.h"

namespace farm::cache {

class WriteQueue {
 public:
  struct Item {
    std::uint64_t hash = 0;
    std::uint64_t ticket = 0;
    ObjectRef object;
  };
  struct Batch {
    std::vector<std::uint64_t> forgotten;
    std::vector<Item> items;

    bool empty() const { return forgotten.empty() && items.empty(); }
  };

  // Hashes to be forgotten over this number are let go of: they may be found again after a restart,
  // never before.
  static constexpr std::size_t kMaxForgotten = 1 << 16;

  explicit WriteQueue(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // Empty if it is not there, or has another key.
  ObjectRef find(std::uint64_t hash, std::string_view key) const;
  // False if it is full; what was there under the hash is taken out in any case.
  bool add(std::uint64_t hash, const ObjectRef& object);
  // Whether something was there.
  bool remove(std::uint64_t hash);
  // False if it is not remembered.
  bool forget(std::uint64_t hash);

  // The oldest, of `bytes` or little more.
  Batch take(std::uint64_t bytes);
  // Once it was written: false if another took its place meanwhile, or it was removed.
  bool done(const Item& item);
  void clear();

  std::uint64_t bytes() const { return bytes_; }            // with what is being written
  std::uint64_t waiting_bytes() const { return waiting_; }  // without it
  bool has_work() const { return waiting_ > 0 || !forgotten_.empty(); }

 private:
  struct Waiting {
    ObjectRef object;
    std::uint64_t ticket = 0;
    bool taken = false;
  };
  static constexpr std::size_t kMaxStale = 1024;  // places in the order of what is gone
  void drop_stale();
  static std::uint64_t cost(const ObjectRef& object) { return object->memory_bytes(); }

  const std::uint64_t max_bytes_;
  std::unordered_map<std::uint64_t, Waiting> by_hash_;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> order_;  // hash and ticket, the oldest first
  std::vector<std::uint64_t> forgotten_;
  std::uint64_t bytes_ = 0;
  std::uint64_t waiting_ = 0;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace farm::cache
