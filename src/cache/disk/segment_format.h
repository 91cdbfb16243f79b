// The bytes of a segment file and of a disk's head (docs/formats/cache-segment.md): encoding them,
// and decoding what may be anything. Pure functions; thread-safe.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "cache/disk/location.h"
#include "cache/key_hash.h"
#include "cache/object.h"

namespace farm::cache {

inline constexpr std::size_t kSegmentHeadBytes = 64;
inline constexpr std::size_t kRecordHeadBytes = 128;
inline constexpr std::size_t kSegmentTailBytes = 64;
inline constexpr std::size_t kSegmentEntryBytes = 16;
static_assert(kRecordHeadBytes <= ObjectRoom::kMaxLead);

// Which segment of which disk: both are never used again for other bytes.
struct SegmentId {
  std::uint64_t disk = 0;
  std::uint64_t sequence = 0;  // from 1, without gaps

  bool operator==(const SegmentId&) const = default;
};

std::array<std::byte, kSegmentHeadBytes> encode_segment_head(const SegmentId& id);
std::optional<SegmentId> decode_segment_head(ByteView bytes);

struct RecordHead {
  enum class Kind : std::uint16_t { kObject = 1, kForgotten = 2 };

  Kind kind = Kind::kObject;
  bool expired = false;
  SegmentId segment;
  std::uint64_t hash = 0;  // of an object's key
  ObjectShape shape;       // of kForgotten the body alone: hashes, 8 bytes each
  ObjectMeta meta;
  std::uint32_t payload_checksum = 0;  // CRC32C of key, tags, head and body

  std::uint64_t units() const { return units_of(kRecordHeadBytes + shape.payload_bytes()); }
};

std::array<std::byte, kRecordHeadBytes> encode_record_head(const RecordHead& head);
// Nothing if any of it is wrong, its own checksum above all. The payload is another matter.
std::optional<RecordHead> decode_record_head(ByteView bytes);

// What a segment holds, in its order: a record, or (length 0) that a hash was forgotten by the
// record at that offset.
struct SegmentEntry {
  std::uint64_t hash = 0;
  std::uint32_t offset = 0;  // in units
  std::uint32_t length = 0;

  bool operator==(const SegmentEntry&) const = default;
};

// What ends a closed segment: its entries, and 64 bytes about them.
struct SegmentTail {
  SegmentId id;
  std::uint32_t end = 0;      // of the records, in units; the entries begin there
  std::uint32_t entries = 0;  // how many
  std::uint32_t entries_checksum = 0;
};

Bytes encode_segment_end(const SegmentId& id, std::uint32_t end,
                         std::span<const SegmentEntry> entries);
// So many bytes that takes; a file is then (end * kUnitBytes + them) long.
std::uint64_t segment_end_bytes(std::uint64_t entries);
std::optional<SegmentTail> decode_segment_tail(ByteView bytes);
// Nothing if their checksum is wrong, or one lies outside of the records.
std::optional<std::vector<SegmentEntry>> decode_segment_entries(const SegmentTail& tail,
                                                                ByteView bytes);

// What a disk is, in a file of its own.
struct DiskHead {
  static constexpr std::size_t kMaxDisks = 64;

  std::uint64_t disk = 0;              // its id
  std::uint64_t epoch = 0;             // grows when disks come and go
  HashSecret secret;                   // of the keys' hashes, the same on all disks of a tier
  std::vector<std::uint64_t> members;  // ids of the tier's disks since this epoch, sorted
};

Bytes encode_disk_head(const DiskHead& head);
std::optional<DiskHead> decode_disk_head(ByteView bytes);

}  // namespace farm::cache
