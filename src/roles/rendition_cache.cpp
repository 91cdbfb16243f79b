#include "roles/rendition_cache.h"

namespace farm::roles {
namespace {

// Of a list's and a table's node, the key's memory and the counts of the pointer.
constexpr std::uint64_t kOverheadBytes = 256;
constexpr std::uint64_t kLargestShare = 8;

}  // namespace

std::uint64_t RenditionCache::cost(const Entry& entry) {
  return entry.rendition->bytes.capacity() + entry.key.capacity() + kOverheadBytes;
}

RenditionPtr RenditionCache::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return {};
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->rendition;
}

void RenditionCache::add(const std::string& key, RenditionPtr rendition) {
  const std::lock_guard lock(mutex_);
  if (by_key_.contains(key)) return;
  entries_.push_front({key, std::move(rendition)});
  const std::uint64_t added = cost(entries_.front());
  if (added > capacity_bytes_ / kLargestShare) {
    entries_.pop_front();
    return;
  }
  by_key_.emplace(entries_.front().key, entries_.begin());
  bytes_ += added;
  while (bytes_ > capacity_bytes_) {
    bytes_ -= cost(entries_.back());
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

std::uint64_t RenditionCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace farm::roles
