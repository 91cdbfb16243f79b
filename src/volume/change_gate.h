// Lets one change of a photo at a time through, and changes of different photos side by side: what
// is checked before a change still holds when it is done. Thread-safe; must outlive its passes.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "base/photo_id.h"

namespace farm::volume {

class ChangeGate {
 public:
  class Pass {
   public:
    Pass(ChangeGate& gate, PhotoId id) : gate_(gate), id_(id) {
      std::unique_lock lock(gate_.mutex_);
      gate_.left_.wait(lock, [this] { return gate_.inside_.try_emplace(id_, gate_.next_).second; });
      ++gate_.next_;
    }
    ~Pass() {
      {
        const std::lock_guard lock(gate_.mutex_);
        gate_.inside_.erase(id_);
      }
      gate_.left_.notify_all();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    ChangeGate& gate_;
    PhotoId id_;
  };

  // Waits until no other change of the photo is under way.
  Pass enter(PhotoId id) { return {*this, id}; }

  // Waits until every change that is under way now is done.
  void wait_for_present() {
    std::unique_lock lock(mutex_);
    const std::uint64_t now = next_;
    left_.wait(lock, [&] {
      return std::ranges::none_of(inside_, [&](const auto& one) { return one.second < now; });
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable left_;  // rarely waited for: two changes of one photo at once
  std::uint64_t next_ = 0;
  std::unordered_map<PhotoId, std::uint64_t> inside_;  // with numbers in the order of entering
};

}  // namespace farm::volume
