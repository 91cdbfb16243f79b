// S3-FIFO: Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction", SOSP
// 2023, algorithm 1. A small queue for what is new, a main queue for what was asked for again, and
// a ghost of what left the small one. A hit only raises a counter of two bits.
//
// Where this differs from the paper's defaults: the ghost remembers kGhostShare times as many
// objects as are held, where the paper's remembers as many as the main queue holds. At 8 bytes each
// it costs next to nothing, and it finds more of what comes back (bench/results/cache.md).
#pragma once

#include "cache/eviction.h"
#include "cache/ghost.h"

namespace farm::cache {

class S3Fifo final : public Eviction {
 public:
  static constexpr std::uint64_t kSmallPercent = 10;  // of the capacity
  static constexpr std::uint8_t kMaxFrequency = 3;
  // So many hits in the small queue bring an object into the main one.
  static constexpr std::uint8_t kPromotedAt = 2;
  static constexpr std::uint64_t kGhostShare = 3;

  // What was replaced gives the new object its queue and its hits.
  void admit(Object& object, const Object* replaced) override;
  void touch(Object& object) override;
  void forget(Object& object) override;
  Object* evict(std::uint64_t capacity) override;
  void shrink() override;
  std::uint64_t memory_bytes() const override { return ghost_.memory_bytes(); }
  EvictionCounts counts() const override { return counts_; }

 private:
  ObjectQueue& queue_of(const Object& object);
  void put(Object& object, Object::Queue queue);
  Object* evict_small();
  Object* evict_main();

  ObjectQueue small_;
  ObjectQueue main_;
  Ghost ghost_;
  EvictionCounts counts_;
};

}  // namespace farm::cache
