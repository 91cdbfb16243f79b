#include "cache/ghost.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace farm::cache {

void Ghost::set_limit(std::uint64_t limit) {
  limit_ = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(limit, std::numeric_limits<std::uint32_t>::max() / 2));
  std::size_t buckets = std::max<std::size_t>(1, buckets_.size());
  // Three quarters full on average at the most: then few buckets overflow.
  while (std::uint64_t{limit_} * 4 > buckets * 8 * 3) buckets *= 2;
  if (buckets > buckets_.size()) grow(buckets);
}

void Ghost::add(std::uint64_t hash) {
  if (buckets_.empty()) return;
  Slot& slot = slot_for(fingerprint(hash));
  slot = {fingerprint(hash), ++clock_};
}

bool Ghost::take(std::uint64_t hash) {
  if (buckets_.empty()) return false;
  Slot& slot = slot_for(fingerprint(hash));
  if (slot.fingerprint != fingerprint(hash)) return false;
  const bool was_young = young(slot);
  slot = Slot{};
  return was_young;
}

void Ghost::clear() {
  buckets_ = {};
  limit_ = 0;
}

std::uint32_t Ghost::fingerprint(std::uint64_t hash) {
  // Middle bits: the high ones chose the shard, and the table uses the low ones.
  return std::max(static_cast<std::uint32_t>(hash >> 16U), 1U);
}

bool Ghost::young(const Slot& slot) const {
  return slot.fingerprint != 0 && clock_ - slot.added < limit_;
}

// Its own, or else the one to write over: a free or old one, or the oldest.
Ghost::Slot& Ghost::slot_for(std::uint32_t fingerprint) {
  Bucket& bucket = buckets_[fingerprint & (buckets_.size() - 1)];
  Slot* best = nullptr;
  for (Slot& slot : bucket.slots) {
    if (slot.fingerprint == fingerprint) return slot;
    const auto age = [&](const Slot& of) {
      return of.fingerprint == 0 ? std::numeric_limits<std::uint32_t>::max() : clock_ - of.added;
    };
    if (best == nullptr || age(slot) > age(*best)) best = &slot;
  }
  return *best;
}

void Ghost::grow(std::size_t buckets) {
  const std::vector<Bucket> old = std::exchange(buckets_, std::vector<Bucket>(buckets));
  for (const Bucket& bucket : old) {
    for (const Slot& slot : bucket.slots) {
      if (young(slot)) slot_for(slot.fingerprint) = slot;
    }
  }
}

}  // namespace farm::cache
