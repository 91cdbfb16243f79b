#include "cache/memory_tier.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace farm::cache {
namespace {

constexpr std::uint32_t kMaxAutomaticShards = 64;
constexpr std::uint64_t kLargestObjectsInShard = 64;

// In bytes a shard's part must hold many of the largest, or eviction by parts does worse than
// eviction of all; in objects (unit cost) it is the same course only with one.
std::uint32_t shards_for(const MemoryTierOptions& options) {
  if (options.shards != 0) return options.shards;
  if (options.unit_cost || options.object_max_bytes == 0) return 1;
  const std::uint64_t wanted =
      options.capacity_bytes / (options.object_max_bytes * kLargestObjectsInShard);
  if (wanted == 0) return 1;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::bit_floor(wanted), kMaxAutomaticShards));
}

// Of `whole` in `parts` parts, the i-th: their sum is the whole.
std::uint64_t part_of(std::uint64_t whole, std::size_t parts, std::size_t i) {
  return whole / parts + (i < whole % parts ? 1 : 0);
}

}  // namespace

MemoryTierOptions memory_tier_options(const Config& config) {
  return {.capacity_bytes = config.memory_bytes,
          .object_max_bytes = config.memory_object_max_bytes,
          .policy = config.policy,
          .shards = config.shards};
}

MemoryTier::MemoryTier(const MemoryTierOptions& options)
    : object_max_bytes_(options.object_max_bytes), secret_(options.secret) {
  const std::uint32_t count = shards_for(options);
  assert(std::has_single_bit(count));
  for (std::uint32_t i = 0; i < count; ++i) {
    shards_.push_back(
        std::make_unique<Shard>(ShardOptions{.capacity = part_of(options.capacity_bytes, count, i),
                                             .policy = options.policy,
                                             .unit_cost = options.unit_cost,
                                             .evicted = options.evicted}));
  }
}

MemoryTier::~MemoryTier() = default;

ObjectRef MemoryTier::insert(ObjectDraft draft) {
  ObjectRef object = std::move(draft.object_);
  insert(object);
  return object;
}

void MemoryTier::insert(const ObjectRef& object) {
  const std::uint64_t hash = this->hash(object->key());
  if (object_max_bytes_ != 0 && object->content_bytes() > object_max_bytes_) {
    shard_of(hash).refuse(hash, object->key());
  } else {
    shard_of(hash).insert(hash, object, tag_bits_of(object->tags()));
  }
}

bool MemoryTier::erase(std::string_view key) {
  const std::uint64_t hash = this->hash(key);
  return shard_of(hash).erase(hash, key);
}

std::uint64_t MemoryTier::erase_tag(std::string_view tag) {
  return erase_tagged_if(tag, [](const Object&) { return true; });
}

std::uint64_t MemoryTier::expire_tag(std::string_view tag) {
  std::uint64_t count = 0;
  erase_tagged_if(tag, [&](const Object& object) {
    if (!object.expired()) ++count;
    object.expire();
    return false;
  });
  return count;
}

std::uint64_t MemoryTier::erase_tagged_if(std::string_view tag,
                                          const std::function<bool(const Object&)>& matches) {
  const std::uint32_t bits = ObjectTable::tag_bits(hash(tag));
  std::uint64_t count = 0;
  for (const auto& shard : shards_) {
    count += shard->erase_if(
        bits, [&](const Object& object) { return object.has_tag(tag) && matches(object); });
  }
  return count;
}

std::uint64_t MemoryTier::erase_prefix(std::string_view key_prefix) {
  return erase_if([&](const Object& object) { return object.key().starts_with(key_prefix); });
}

std::uint64_t MemoryTier::erase_if(const std::function<bool(const Object&)>& matches) {
  std::uint64_t count = 0;
  for (const auto& shard : shards_) count += shard->erase_if(0, matches);
  return count;
}

void MemoryTier::set_capacity(std::uint64_t capacity_bytes) {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i]->set_capacity(part_of(capacity_bytes, shards_.size(), i));
  }
}

TierStats MemoryTier::stats() const {
  TierStats sum;
  for (const auto& shard : shards_) sum += shard->stats();
  return sum;
}

std::uint32_t MemoryTier::tag_bits_of(std::string_view tags) const {
  std::uint32_t bits = 0;
  while (!tags.empty()) {
    const std::size_t end = tags.find(' ');
    bits |= ObjectTable::tag_bits(hash(tags.substr(0, end)));
    if (end == std::string_view::npos) break;
    tags.remove_prefix(end + 1);
  }
  return bits;
}

}  // namespace farm::cache
