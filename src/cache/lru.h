// Least recently used: one queue, and a hit puts its object to the end of it.
#pragma once

#include "cache/eviction.h"

namespace farm::cache {

class Lru final : public Eviction {
 public:
  void admit(Object& object, const Object* replaced) override;
  void touch(Object& object) override;
  void forget(Object& object) override;
  Object* evict(std::uint64_t capacity) override;

 private:
  ObjectQueue queue_;
};

}  // namespace farm::cache
