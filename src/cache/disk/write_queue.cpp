#include "cache/disk/write_queue.h"

#include <utility>

namespace farm::cache {

ObjectRef WriteQueue::find(std::uint64_t hash, std::string_view key) const {
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end() || found->second.object->key() != key) return {};
  return found->second.object;
}

bool WriteQueue::add(std::uint64_t hash, const ObjectRef& object) {
  remove(hash);
  if (bytes_ + cost(object) > max_bytes_) return false;
  const std::uint64_t ticket = ++last_ticket_;
  by_hash_[hash] = {object, ticket};
  order_.emplace_back(hash, ticket);
  if (order_.size() > 2 * by_hash_.size() + kMaxStale) drop_stale();
  bytes_ += cost(object);
  waiting_ += cost(object);
  return true;
}

bool WriteQueue::remove(std::uint64_t hash) {
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return false;
  bytes_ -= cost(found->second.object);
  if (!found->second.taken) waiting_ -= cost(found->second.object);
  by_hash_.erase(found);
  return true;  // its place in the order is left out when its turn comes
}

void WriteQueue::drop_stale() {
  std::erase_if(order_, [this](const auto& each) {
    const auto found = by_hash_.find(each.first);
    return found == by_hash_.end() || found->second.ticket != each.second;
  });
}

bool WriteQueue::forget(std::uint64_t hash) {
  if (forgotten_.size() >= kMaxForgotten) return false;
  forgotten_.push_back(hash);
  return true;
}

WriteQueue::Batch WriteQueue::take(std::uint64_t bytes) {
  Batch batch;
  batch.forgotten = std::exchange(forgotten_, {});
  std::uint64_t taken = 0;
  while (!order_.empty() && taken < bytes) {
    const auto [hash, ticket] = order_.front();
    order_.pop_front();
    const auto found = by_hash_.find(hash);
    if (found == by_hash_.end() || found->second.ticket != ticket) continue;
    found->second.taken = true;
    taken += cost(found->second.object);
    waiting_ -= cost(found->second.object);
    batch.items.push_back({hash, ticket, found->second.object});
  }
  return batch;
}

bool WriteQueue::done(const Item& item) {
  const auto found = by_hash_.find(item.hash);
  if (found == by_hash_.end() || found->second.ticket != item.ticket) return false;
  bytes_ -= cost(found->second.object);
  by_hash_.erase(found);
  return true;
}

void WriteQueue::clear() {
  by_hash_.clear();
  order_.clear();
  forgotten_.clear();
  bytes_ = waiting_ = 0;
}

}  // namespace farm::cache
