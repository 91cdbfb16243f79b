#include "cache/shard.h"

#include <algorithm>
#include <mutex>

namespace farm::cache {

TierStats& TierStats::operator+=(const TierStats& other) {
  hits += other.hits;
  misses += other.misses;
  hit_bytes += other.hit_bytes;
  admissions += other.admissions;
  replacements += other.replacements;
  refusals += other.refusals;
  evictions += other.evictions;
  evicted_bytes += other.evicted_bytes;
  erasures += other.erasures;
  promotions += other.promotions;
  ghost_hits += other.ghost_hits;
  objects += other.objects;
  bytes += other.bytes;
  index_bytes += other.index_bytes;
  capacity += other.capacity;
  return *this;
}

Shard::Shard(const ShardOptions& options)
    : eviction_(make_eviction(options.policy)),
      unit_cost_(options.unit_cost),
      evicted_(options.evicted),
      capacity_(options.capacity) {}

Shard::~Shard() {
  for (Object* object : table_.all()) given_back(*object);
}

ObjectRef Shard::find(std::uint64_t hash, std::string_view key) {
  const std::lock_guard lock(lock_);
  Object* const found = table_.find(hash, key);
  if (found == nullptr) {
    ++counted_.misses;
    return {};
  }
  ++counted_.hits;
  counted_.hit_bytes += found->content_bytes();
  found->asked_again_ = true;
  eviction_->touch(*found);
  found->references_.fetch_add(1, std::memory_order_relaxed);
  return ObjectRef(found);
}

bool Shard::insert(std::uint64_t hash, const ObjectRef& object, std::uint32_t tag_bits) {
  ObjectRef old;
  std::vector<Evicted> gone;  // both are let go of after the lock
  bool taken = false;
  {
    const std::lock_guard lock(lock_);
    taken = insert_locked(hash, object, tag_bits, old, gone);
  }
  tell(gone);
  return taken;
}

bool Shard::insert_locked(std::uint64_t hash, const ObjectRef& object, std::uint32_t tag_bits,
                          ObjectRef& old, std::vector<Evicted>& gone) {
  Object& fresh = *object.object_;
  fresh.hash_ = hash;
  if (unit_cost_) fresh.charge_ = 1;
  if (Object* const there = table_.find(hash, fresh.key())) {
    take_out(*there);
    old = given_back(*there);
  }
  if (!make_room(fresh.charge_, gone)) {
    ++counted_.refusals;
    return false;
  }
  fresh.references_.fetch_add(1, std::memory_order_relaxed);
  table_.insert(fresh, tag_bits);
  fresh.asked_again_ = old && old->asked_again_;
  eviction_->admit(fresh, old.object_);
  object_charge_ += fresh.charge_;
  ++(old ? counted_.replacements : counted_.admissions);
  return true;
}

bool Shard::make_room(std::uint64_t charge, std::vector<Evicted>& gone) {
  if (charge > capacity_) return false;
  const auto needed = [&] {
    const std::uint64_t growth = table_.memory_bytes_after_reserve() - table_.memory_bytes();
    return used() + charge + (unit_cost_ ? 0 : growth);
  };
  while (needed() > capacity_) {
    Object* const victim = eviction_->evict(capacity_ - std::min(capacity_, index_bytes()));
    if (victim == nullptr) {
      if (index_bytes() == 0) return false;
      // No object is left: then the index need not be as large.
      table_.shrink();
      eviction_->shrink();
      if (needed() > capacity_) return false;
      break;
    }
    gone.push_back(evict(*victim));
  }
  table_.reserve_one();
  return true;
}

Shard::Evicted Shard::evict(Object& victim) {
  table_.erase(victim);
  object_charge_ -= victim.charge_;
  ++counted_.evictions;
  counted_.evicted_bytes += victim.content_bytes();
  return {given_back(victim), victim.asked_again_};
}

void Shard::tell(const std::vector<Evicted>& gone) const {
  if (!evicted_) return;
  for (const Evicted& each : gone) evicted_(each.object, each.asked_again);
}

void Shard::take_out(Object& object) {
  eviction_->forget(object);
  table_.erase(object);
  object_charge_ -= object.charge_;
}

bool Shard::erase(std::uint64_t hash, std::string_view key) {
  ObjectRef gone;
  const std::lock_guard lock(lock_);
  Object* const found = table_.find(hash, key);
  if (found == nullptr) return false;
  take_out(*found);
  gone = given_back(*found);
  ++counted_.erasures;
  return true;
}

void Shard::refuse(std::uint64_t hash, std::string_view key) {
  ObjectRef gone;
  const std::lock_guard lock(lock_);
  ++counted_.refusals;
  Object* const found = table_.find(hash, key);
  if (found == nullptr) return;
  take_out(*found);
  gone = given_back(*found);
}

std::uint64_t Shard::erase_if(std::uint32_t tag_bits,
                              const std::function<bool(const Object&)>& matches) {
  std::vector<ObjectRef> gone;
  const std::lock_guard lock(lock_);
  for (Object* const object : table_.all(tag_bits)) {
    if (!matches(*object)) continue;
    take_out(*object);
    gone.push_back(given_back(*object));
  }
  counted_.erasures += gone.size();
  return gone.size();
}

void Shard::set_capacity(std::uint64_t capacity) {
  std::vector<Evicted> gone;
  {
    const std::lock_guard lock(lock_);
    const bool less = capacity < capacity_;
    capacity_ = capacity;
    if (less) shrink_locked(gone);
  }
  tell(gone);
}

void Shard::shrink_locked(std::vector<Evicted>& gone) {
  // What the index needs follows the number of objects, so both get less in turn.
  eviction_->shrink();
  while (used() > capacity_ && table_.count() > 0) {
    gone.push_back(evict(*eviction_->evict(capacity_)));
    table_.shrink();
  }
  if (used() > capacity_) eviction_->shrink();
  table_.shrink();
}

TierStats Shard::stats() const {
  const std::lock_guard lock(lock_);
  TierStats stats = counted_;
  const EvictionCounts counts = eviction_->counts();
  stats.promotions = counts.promotions;
  stats.ghost_hits = counts.ghost_hits;
  stats.objects = table_.count();
  stats.index_bytes = index_bytes();
  stats.bytes = used();
  stats.capacity = capacity_;
  return stats;
}

std::uint64_t Shard::index_bytes() const {
  return unit_cost_ ? 0 : table_.memory_bytes() + eviction_->memory_bytes();
}

}  // namespace farm::cache
