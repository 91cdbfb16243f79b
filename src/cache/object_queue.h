// A first-in-first-out list through the objects themselves. It owns nothing and locks nothing.
#pragma once

#include "cache/object.h"

namespace farm::cache {

class ObjectQueue {
 public:
  bool empty() const { return newest_ == nullptr; }
  std::uint64_t charge() const { return charge_; }
  std::uint64_t count() const { return count_; }
  Object* oldest() const { return oldest_; }

  void add(Object& object) {
    object.newer_ = nullptr;
    object.older_ = newest_;
    (newest_ != nullptr ? newest_->newer_ : oldest_) = &object;
    newest_ = &object;
    charge_ += object.charge_;
    ++count_;
  }
  void remove(Object& object) {
    (object.newer_ != nullptr ? object.newer_->older_ : newest_) = object.older_;
    (object.older_ != nullptr ? object.older_->newer_ : oldest_) = object.newer_;
    object.newer_ = object.older_ = nullptr;
    charge_ -= object.charge_;
    --count_;
  }

 private:
  Object* newest_ = nullptr;
  Object* oldest_ = nullptr;
  std::uint64_t charge_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace farm::cache
