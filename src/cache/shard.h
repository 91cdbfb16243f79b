// A part of the memory tier with its own lock, index and eviction queue. Thread-safe. Objects are
// given back to the allocator after the lock is.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/shard_lock.h"
#include "cache/eviction.h"
#include "cache/object_table.h"

namespace farm::cache {

// Counts since the start, but for objects, bytes and capacity.
struct TierStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t hit_bytes = 0;   // of head and body
  std::uint64_t admissions = 0;  // new keys
  std::uint64_t replacements = 0;
  std::uint64_t refusals = 0;  // too large
  std::uint64_t evictions = 0;
  std::uint64_t evicted_bytes = 0;
  std::uint64_t erasures = 0;    // by erase, erase_tag, erase_if
  std::uint64_t promotions = 0;  // S3-FIFO
  std::uint64_t ghost_hits = 0;  // S3-FIFO
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;        // charged: objects and index; never over the capacity
  std::uint64_t index_bytes = 0;  // of them
  std::uint64_t capacity = 0;

  TierStats& operator+=(const TierStats& other);
};

// Is given what was evicted, and whether it had been asked for again since it was put in or soon
// before: after the shard's lock, by the thread that made room. It may call the tier.
using EvictionHook = std::function<void(const ObjectRef& object, bool asked_again)>;

struct ShardOptions {
  std::uint64_t capacity = 0;
  Policy policy = Policy::kS3Fifo;
  // Every object costs 1 and the index nothing: the capacity is a number of objects.
  bool unit_cost = false;
  EvictionHook evicted = {};
};

class alignas(64) Shard {
 public:
  explicit Shard(const ShardOptions& options);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  ObjectRef find(std::uint64_t hash, std::string_view key);
  // False if it was refused; then what was there under its key is gone as well.
  bool insert(std::uint64_t hash, const ObjectRef& object, std::uint32_t tag_bits);
  bool erase(std::uint64_t hash, std::string_view key);
  // Those with these tag bits (0: all) for which `matches` says so. It is called under the lock.
  std::uint64_t erase_if(std::uint32_t tag_bits, const std::function<bool(const Object&)>& matches);
  void set_capacity(std::uint64_t capacity);
  void refuse(std::uint64_t hash, std::string_view key);
  TierStats stats() const;

 private:
  struct Evicted {
    ObjectRef object;
    bool asked_again = false;
  };

  std::uint64_t index_bytes() const;
  std::uint64_t used() const { return object_charge_ + index_bytes(); }
  void take_out(Object& object);
  bool insert_locked(std::uint64_t hash, const ObjectRef& object, std::uint32_t tag_bits,
                     ObjectRef& old, std::vector<Evicted>& gone);
  // Makes room for so much more; what goes is added to `gone`.
  bool make_room(std::uint64_t charge, std::vector<Evicted>& gone);
  Evicted evict(Object& victim);
  void shrink_locked(std::vector<Evicted>& gone);
  void tell(const std::vector<Evicted>& gone) const;
  // The reference that the shard had.
  static ObjectRef given_back(Object& object) { return ObjectRef(&object); }

  // What a hit uses lies in one line of memory: the lock, the table, the policy, the first three
  // counts.
  mutable ShardLock lock_;
  ObjectTable table_;
  std::unique_ptr<Eviction> eviction_;
  TierStats counted_;
  const bool unit_cost_;
  const EvictionHook evicted_;
  std::uint64_t capacity_;
  std::uint64_t object_charge_ = 0;
};

}  // namespace farm::cache
