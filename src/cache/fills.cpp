#include "cache/fills.h"

#include <utility>

namespace farm::cache {

Fills::Joined Fills::join(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) return {found->second, false};
  if (running_.size() >= most_) return {};
  auto fill = std::make_shared<Fill>(limits_);
  by_key_.emplace(key, fill);
  running_.insert(fill);
  return {std::move(fill), true};
}

void Fills::hide(const std::string& key, const Fill& fill) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found != by_key_.end() && found->second.get() == &fill) by_key_.erase(found);
}

void Fills::pass(const std::string& key, Fill& fill) {
  hide(key, fill);
  const std::lock_guard lock(mutex_);
  if (auto place = running_.extract(fill.shared_from_this())) passing_.insert(std::move(place));
}

void Fills::spoil(const std::string& key) {
  const std::lock_guard lock(mutex_);
  for (auto it = by_key_.begin(); it != by_key_.end();) {
    const std::string_view other = it->first;
    const bool same =
        other.starts_with(key) && (other.size() == key.size() || other[key.size()] == '\n');
    if (same) it->second->spoil();
    it = same ? by_key_.erase(it) : std::next(it);
  }
}

void Fills::hide_all() {
  const std::lock_guard lock(mutex_);
  by_key_.clear();
}

void Fills::ended(const std::string& key, const std::shared_ptr<Fill>& fill) {
  hide(key, *fill);
  const std::lock_guard lock(mutex_);
  running_.erase(fill);
  passing_.erase(fill);
}

void Fills::fail_all(const Error& error) {
  std::unordered_set<std::shared_ptr<Fill>> all;
  {
    const std::lock_guard lock(mutex_);
    by_key_.clear();
    all.swap(running_);
    all.merge(passing_);
  }
  for (const auto& fill : all) fill->fail(error);
}

std::size_t Fills::running() const {
  const std::lock_guard lock(mutex_);
  return running_.size() + passing_.size();
}

}  // namespace farm::cache
