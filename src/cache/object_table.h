// Finds a shard's objects by key: an open-addressed table with linear probing, 16 bytes a slot, at
// most 3/4 full, twice as large when it would be. Its owner locks it. It owns no object.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "cache/object.h"

namespace farm::cache {

class ObjectTable {
 public:
  // Null if there is none.
  Object* find(std::uint64_t hash, std::string_view key) const;

  // Makes room for one more. insert() without it is not allowed.
  void reserve_one();
  // There is none of its key yet. `tag_bits`: of all of its tags.
  void insert(Object& object, std::uint32_t tag_bits);
  void erase(const Object& object);
  // Gives back what a much larger number of objects needed.
  void shrink();

  std::size_t count() const { return count_; }
  std::uint64_t memory_bytes() const { return slots_ * sizeof(Slot); }
  std::uint64_t memory_bytes_after_reserve() const {
    return (needs_growth() ? grown_slots() : slots_) * sizeof(Slot);
  }

  // All objects, or those that may have the tag of these bits: two of 32 bits a tag, so that one in
  // some hundreds of others comes with them.
  std::vector<Object*> all(std::uint32_t tag_bits = 0) const;

  static std::uint32_t tag_bits(std::uint64_t tag_hash) {
    return std::uint32_t{1} << (tag_hash & 31U) | std::uint32_t{1} << (tag_hash >> 5U & 31U);
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;  // the low half; the shard was chosen by the high bits
    std::uint32_t tag_bits = 0;
    Object* object = nullptr;
  };
  static constexpr std::size_t kMinSlots = 16;

  bool needs_growth() const { return (count_ + 1) * 4 > slots_ * 3; }
  std::size_t grown_slots() const { return slots_ == 0 ? kMinSlots : slots_ * 2; }
  void rebuild(std::size_t slots);
  void place(const Slot& slot);

  std::unique_ptr<Slot[]> table_;
  std::size_t slots_ = 0;  // a power of two, or 0
  std::size_t count_ = 0;
};

}  // namespace farm::cache
