#include "roles/edge/recent_changes.h"

namespace farm::roles {

void RecentChanges::note(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = last_.load(std::memory_order_relaxed) + 1;
  keys_.emplace_back(key);
  newest_[keys_.back()] = number;
  if (keys_.size() > kMost) {
    const auto found = newest_.find(keys_.front());
    const bool changed_again = found->second != number - kMost;
    if (!changed_again) newest_.erase(found);
    keys_.pop_front();
  }
  last_.store(number, std::memory_order_release);
}

bool RecentChanges::changed(std::string_view key, std::uint64_t mark) const {
  if (mark == this->mark()) return false;
  const std::lock_guard lock(mutex_);
  if (last_.load(std::memory_order_relaxed) - mark > keys_.size()) return true;
  const auto found = newest_.find(std::string(key));
  return found != newest_.end() && found->second > mark;
}

}  // namespace farm::roles
