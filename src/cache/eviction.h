// Which object goes when there is no room: what a policy is to a shard, which calls it under its
// lock. A policy keeps the objects that it was told of in queues of its own and owns none of them.
#pragma once

#include <memory>

#include "cache/config.h"
#include "cache/object_queue.h"

namespace farm::cache {

struct EvictionCounts {
  std::uint64_t promotions = 0;  // S3-FIFO: from the small queue to the main one
  std::uint64_t ghost_hits = 0;  // S3-FIFO: came back soon after they had left
};

class Eviction {
 public:
  virtual ~Eviction() = default;

  // A new object. `replaced`: what was there under its key until now, or null; it is no longer the
  // policy's.
  virtual void admit(Object& object, const Object* replaced) = 0;
  // It was asked for.
  virtual void touch(Object& object) = 0;
  // It was taken away by others: nothing is to be remembered of it.
  virtual void forget(Object& object) = 0;
  // Chooses one and gives it up; null if there is none. `capacity`: of the shard's objects.
  virtual Object* evict(std::uint64_t capacity) = 0;
  // Gives back what a much larger number of objects needed.
  virtual void shrink() {}

  // Besides the objects.
  virtual std::uint64_t memory_bytes() const { return 0; }
  virtual EvictionCounts counts() const { return {}; }
};

std::unique_ptr<Eviction> make_eviction(Policy policy);

}  // namespace farm::cache
