// The fills under way, by key: who asks for what is being fetched joins in. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "cache/fill.h"

namespace farm::cache {

class Fills {
 public:
  // At most `most` at once, but for those that pass().
  Fills(FillLimits limits, std::size_t most) : limits_(limits), most_(most) {}

  struct Joined {
    std::shared_ptr<Fill> fill;  // null: too many are under way
    bool started = false;        // it is new: the caller's to run, and to remove
  };
  Joined join(const std::string& key);
  // Nobody joins it from now on; who follows it already goes on.
  void hide(const std::string& key, const Fill& fill);
  // It is not kept, and goes on at the pace of its readers. Nobody joins it from now on, and it
  // takes no place any more: slow clients are not to keep others from what can be kept.
  void pass(const std::string& key, Fill& fill);
  // The resource has changed: nobody joins its fills, of whichever variant, and what they bring is
  // not stored.
  void spoil(const std::string& key);
  // Nobody joins what is under way now: something was purged, and it may be from before.
  void hide_all();
  // It is over.
  void ended(const std::string& key, const std::shared_ptr<Fill>& fill);
  // At the end, when no thread runs any more: whoever waits is told.
  void fail_all(const Error& error);

  std::size_t running() const;

 private:
  const FillLimits limits_;
  const std::size_t most_;
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::shared_ptr<Fill>> by_key_;
  std::unordered_set<std::shared_ptr<Fill>> running_;  // hidden ones as well
  std::unordered_set<std::shared_ptr<Fill>> passing_;  // no part of them
};

}  // namespace farm::cache
