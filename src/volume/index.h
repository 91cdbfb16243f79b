// Where every photo's newest record lies: 24 bytes an entry in open-addressed tables, at most 40
// bytes a photo with all that belongs to them. Removed photos stay, as ids are never used again.
//
// Sharded by the id; a call holds one shard's lock for the few nanoseconds of a probe (the time of
// a copy of one shard, when it grows). Thread-safe.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/photo_id.h"
#include "base/shard_lock.h"

namespace farm::volume {

struct Location {
  std::uint64_t offset = 0;   // of the payload, a multiple of 64
  std::uint32_t bytes = 0;    // of the payload
  std::uint32_t version = 0;  // of the record, or the one that was removed
  std::uint16_t slot = 0;     // which volume, by its place in memory
  bool removed = false;       // then the payload is that of the tombstone: none
  // What a reader noted of the payload, in 15 bits; 0: nobody did. Not a part of where it is.
  std::uint16_t note = 0;

  bool operator==(const Location& other) const {
    return offset == other.offset && bytes == other.bytes && version == other.version &&
           slot == other.slot && removed == other.removed;
  }
};

// Offsets are kept in 32 bits, as multiples of 64.
inline constexpr std::uint64_t kMaxIndexedOffset = std::uint64_t{0xffff'ffff} * 64;

// As kept in memory and, byte for byte, in a checkpoint (docs/formats/checkpoint.md).
struct IndexEntry {
  std::uint64_t id = 0;  // 0: free
  std::uint32_t version = 0;
  std::uint32_t offset = 0;  // in units of 64 bytes
  std::uint32_t bytes = 0;
  std::uint16_t slot = 0;
  std::uint16_t flags = 0;  // bit 0: removed; the others: Location::note
};
static_assert(sizeof(IndexEntry) == 24);

class Index {
 public:
  static constexpr std::size_t kShards = 256;

  struct Counts {
    std::uint64_t photos = 0;      // not removed
    std::uint64_t live_bytes = 0;  // of their records
    std::uint64_t removed = 0;
    std::uint64_t memory_bytes = 0;
  };

  Index();

  std::optional<Location> find(PhotoId id) const;
  // Sets it, and tells what was there before.
  std::optional<Location> set(PhotoId id, const Location& location);
  // The record has been copied: points to the copy, if the entry still points to where it was.
  bool move(PhotoId id, std::uint16_t slot, std::uint64_t offset, std::uint16_t to_slot,
            std::uint64_t to_offset);
  // Sets Location::note, if that version is there.
  void set_note(PhotoId id, std::uint32_t version, std::uint16_t note);
  Counts counts() const;

  // Visits a copy of each shard in turn, so that others may change it meanwhile. Stops early, and
  // returns false, when `visit` returns false.
  bool for_each(const std::function<bool(PhotoId, const Location&)>& visit) const;

  // For checkpoints: what a shard holds, in the order of its table.
  std::vector<IndexEntry> copy_shard(std::size_t shard) const;
  // Into an empty shard: entries that copy_shard() gave. False if one of them does not belong there
  // or comes twice; then the index is not to be used.
  bool fill_shard(std::size_t shard, std::span<const IndexEntry> entries);
  // Takes what `other` holds, shard by shard, beside readers; `other` gets what was here.
  void swap(Index& other);

 private:
  using Entry = IndexEntry;

  struct alignas(64) Shard {
    mutable ShardLock mutex;
    std::unique_ptr<Entry[]> entries;
    std::size_t capacity = 0;
    std::size_t used = 0;
    std::size_t removed = 0;
    std::uint64_t live_bytes = 0;

    Entry& probe(std::uint64_t id, std::uint64_t hash) const;
    void grow();
    void account(const Entry& entry, bool added);
  };
  static Location decode(const Entry& entry);

  std::unique_ptr<std::array<Shard, kShards>> shards_;
};

}  // namespace farm::volume
