// The cache's memory: whole responses by key, bounded in bytes with all that belongs to them.
//
//   const std::uint64_t hash = tier.hash("GET\n/1/714…_….jpg");
//   if (ObjectRef hit = tier.find(hash, key)) send(hit->head_and_body());   // hit held meanwhile
//
// What is charged: of each object its one allocation with key, tags, head and body, rounded up as
// the allocator does (Object::memory_bytes()); of each shard its index (object_table.h) and what
// its policy remembers of objects that left (ghost.h). Their sum is never over the capacity. Not
// charged: objects that were evicted while an ObjectRef holds them, and what the allocator cannot
// use.
//
// Sharded by the key's hash. A call takes one shard's lock: a hit for one probe, two counters and
// a reference; it allocates and copies nothing. Thread-safe. (With LRU a hit moves its object in
// the queue as well.) Errors: none; what does not fit is refused.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "cache/config.h"
#include "cache/key_hash.h"
#include "cache/object.h"
#include "cache/shard.h"

namespace farm::cache {

struct MemoryTierOptions {
  std::uint64_t capacity_bytes = 0;
  std::uint64_t object_max_bytes = 0;  // of head and body; larger ones are refused. 0: no bound
  Policy policy = Policy::kS3Fifo;
  std::uint32_t shards = 0;  // a power of two; 0: as Config says
  // For simulations: every object costs 1, the index nothing, and the capacity is in objects.
  bool unit_cost = false;
  EvictionHook evicted = {};
  // For simulations and tests, which want the same course every time.
  HashSecret secret = HashSecret::random();
};
MemoryTierOptions memory_tier_options(const Config& config);

class MemoryTier {
 public:
  explicit MemoryTier(const MemoryTierOptions& options);
  ~MemoryTier();

  std::uint64_t hash(std::string_view key) const { return hash_key(secret_, key); }

  // Empty if it is not there. `hash` is hash(key).
  ObjectRef find(std::uint64_t hash, std::string_view key) {
    return shard_of(hash).find(hash, key);
  }
  ObjectRef find(std::string_view key) { return find(hash(key), key); }

  // Takes the place of what was there under that key, also where the new object is refused: for
  // being larger than object_max_bytes or than its shard. The object, to be sent, in both cases.
  ObjectRef insert(ObjectDraft draft);
  // The same for an object that others hold already: one that the disk tier had. An object may be
  // put into one tier only, there as often as one likes.
  void insert(const ObjectRef& object);

  bool erase(std::string_view key);
  // These go through the whole index, a shard at a time; nobody waits for longer than a shard
  // takes. They return how many objects went. What is inserted meanwhile may stay.
  std::uint64_t erase_tag(std::string_view tag);
  std::uint64_t erase_prefix(std::string_view key_prefix);
  // Makes them stale (Object::expire()) instead; how many were not yet.
  std::uint64_t expire_tag(std::string_view tag);
  // `matches` may not call the tier.
  std::uint64_t erase_if(const std::function<bool(const Object&)>& matches);

  // Evicts at once what is over it.
  void set_capacity(std::uint64_t capacity_bytes);
  // A sum over the shards, one after the other.
  TierStats stats() const;

 private:
  Shard& shard_of(std::uint64_t hash) { return *shards_[hash >> 32U & (shards_.size() - 1)]; }
  std::uint32_t tag_bits_of(std::string_view tags) const;
  std::uint64_t erase_tagged_if(std::string_view tag,
                                const std::function<bool(const Object&)>& matches);

  const std::uint64_t object_max_bytes_;
  const HashSecret secret_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace farm::cache
