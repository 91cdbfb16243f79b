// Finds a disk's records by their keys' hashes: 16 bytes a place, at most four fifths of them
// taken, so 20 to 25 bytes a record. The whole hash stands for the key; which key a record really
// has is known when it was read. Thread-safe; a call takes the lock of one of 64 parts.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/shard_lock.h"
#include "cache/disk/location.h"

namespace farm::cache {

struct IndexEntry {
  std::uint64_t hash = 0;
  std::uint64_t bits = 0;  // Location::packed(); 0: nothing

  Location location() const { return Location::unpacked(bits); }
  bool hit() const { return (bits & 1U) != 0; }
};

class DiskIndex {
 public:
  static constexpr std::size_t kParts = 64;

  // As it is, or with a note that it was read.
  std::optional<IndexEntry> find(std::uint64_t hash) const;
  std::optional<Location> touch(std::uint64_t hash);

  // Instead of what was there.
  void put(std::uint64_t hash, const Location& location, bool hit = false);
  bool erase(std::uint64_t hash);
  // These do nothing, and return false, if it is not there any more.
  bool erase_at(std::uint64_t hash, const Location& location);
  bool move(std::uint64_t hash, const Location& from, const Location& to);  // forgets the hit

  // Go through all of it, a part at a time; `matches` may not call the index.
  std::uint64_t erase_if(const std::function<bool(const IndexEntry&)>& matches);
  std::vector<IndexEntry> copy_part(std::size_t part) const;
  void clear();
  // Makes room for so many, so that it need not grow step by step.
  void reserve(std::uint64_t entries);

  std::uint64_t count() const;
  std::uint64_t memory_bytes() const;

 private:
  struct alignas(64) Part {
    mutable ShardLock lock;
    std::unique_ptr<IndexEntry[]> table;
    std::size_t size = 0;
    std::size_t count = 0;

    std::size_t home(std::uint64_t hash) const { return (hash >> 32U) * size >> 32U; }
    IndexEntry* find(std::uint64_t hash) const;
    void put(const IndexEntry& entry);
    void erase(IndexEntry& entry);
    void resize(std::size_t to);
  };

  Part& part_of(std::uint64_t hash) { return parts_[hash % kParts]; }
  const Part& part_of(std::uint64_t hash) const { return parts_[hash % kParts]; }

  std::array<Part, kParts> parts_;
};

}  // namespace farm::cache
