#include "cache/s3_fifo.h"

#include "cache/lru.h"

namespace farm::cache {

void S3Fifo::admit(Object& object, const Object* replaced) {
  object.frequency_ = replaced != nullptr ? replaced->frequency_ : 0;
  if (replaced != nullptr) {
    put(object, replaced->queue_);
  } else if (ghost_.take(object.hash_)) {
    ++counts_.ghost_hits;
    object.asked_again_ = true;
    put(object, Object::Queue::kMain);
  } else {
    put(object, Object::Queue::kSmall);
  }
}

void S3Fifo::touch(Object& object) {
  if (object.frequency_ < kMaxFrequency) ++object.frequency_;
}

void S3Fifo::forget(Object& object) { queue_of(object).remove(object); }

Object* S3Fifo::evict(std::uint64_t capacity) {
  // In turn, as promotions may leave either queue empty.
  while (!small_.empty() || !main_.empty()) {
    const bool from_small =
        main_.empty() || (!small_.empty() && small_.charge() >= capacity * kSmallPercent / 100);
    Object* const victim = from_small ? evict_small() : evict_main();
    if (victim != nullptr) return victim;
  }
  return nullptr;
}

Object* S3Fifo::evict_small() {
  Object& oldest = *small_.oldest();
  small_.remove(oldest);
  if (oldest.frequency_ >= kPromotedAt) {
    ++counts_.promotions;
    oldest.frequency_ = 0;
    put(oldest, Object::Queue::kMain);
    return nullptr;
  }
  ghost_.set_limit((small_.count() + main_.count() + 1) * kGhostShare);
  ghost_.add(oldest.hash_);
  return &oldest;
}

Object* S3Fifo::evict_main() {
  Object& oldest = *main_.oldest();
  main_.remove(oldest);
  if (oldest.frequency_ == 0) return &oldest;
  --oldest.frequency_;
  main_.add(oldest);
  return nullptr;
}

void S3Fifo::shrink() { ghost_.clear(); }

ObjectQueue& S3Fifo::queue_of(const Object& object) {
  return object.queue_ == Object::Queue::kSmall ? small_ : main_;
}

void S3Fifo::put(Object& object, Object::Queue queue) {
  object.queue_ = queue;
  queue_of(object).add(object);
}

std::unique_ptr<Eviction> make_eviction(Policy policy) {
  if (policy == Policy::kLru) return std::make_unique<Lru>();
  return std::make_unique<S3Fifo>();
}

}  // namespace farm::cache
