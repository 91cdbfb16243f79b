// Remembers the hashes of the last objects that left, without the objects. 8 bytes a slot.
//
// As in the paper's own implementation (s3_fifo.h, section 4.2), a table of fingerprints with the
// time at which each was added, counted in additions: what is older than the limit counts as gone
// and is written over, so that there is no list to keep. Buckets of eight slots, one cache line;
// should all eight be young, the oldest is forgotten early. Its owner locks it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace farm::cache {

class Ghost {
 public:
  // From now on the last `limit` additions are remembered.
  void set_limit(std::uint64_t limit);

  void add(std::uint64_t hash);
  // Whether it was remembered; it no longer is.
  bool take(std::uint64_t hash);

  std::uint64_t memory_bytes() const { return buckets_.size() * sizeof(Bucket); }
  void clear();

 private:
  struct Slot {
    std::uint32_t fingerprint = 0;  // 0: free
    std::uint32_t added = 0;        // the value of clock_
  };
  struct alignas(64) Bucket {
    std::array<Slot, 8> slots;
  };

  static std::uint32_t fingerprint(std::uint64_t hash);
  bool young(const Slot& slot) const;
  Slot& slot_for(std::uint32_t fingerprint);
  void grow(std::size_t buckets);

  std::vector<Bucket> buckets_;  // a power of two, or none
  std::uint32_t limit_ = 0;
  std::uint32_t clock_ = 0;
};

}  // namespace farm::cache
