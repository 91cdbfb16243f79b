#include "cache/disk/segment_format.h"

#include <algorithm>

#include "base/checksum.h"

namespace farm::cache {
namespace {

constexpr std::uint64_t kSegmentMagic = 0x0a1a'0a0d'5343'5089;  // 89 50 43 53 0d 0a 1a 0a
constexpr std::uint32_t kRecordMagic = 0x5243'5089;             // 89 50 43 52
constexpr std::uint32_t kTailMagic = 0x5443'5089;               // 89 50 43 54
constexpr std::uint64_t kHeadMagic = 0x0a1a'0a0d'4443'5089;     // 89 50 43 44 0d 0a 1a 0a
constexpr std::uint32_t kVersion = 1;
constexpr std::uint16_t kExpired = 1;
constexpr std::size_t kDiskHeadBytes = 64;

// Every structure has a CRC32C of itself at some place.
bool checksum_holds(ByteView bytes, std::size_t at) {
  return load_le<std::uint32_t>(bytes, at) == crc32c_around(bytes, at);
}

void encode_meta(const ObjectMeta& meta, MutableByteView out) {
  store_le(out, 0, meta.stored_ms);
  store_le(out, 8, meta.fresh_until_ms);
  store_le(out, 16, meta.last_modified_ms);
  store_le(out, 24, meta.purge_seq);
  store_le(out, 32, meta.initial_age_s);
  store_le(out, 44, meta.status);
  store_le(out, 46, meta.flags);
}

ObjectMeta decode_meta(ByteView in) {
  return {.stored_ms = load_le<Millis>(in, 0),
          .fresh_until_ms = load_le<Millis>(in, 8),
          .last_modified_ms = load_le<Millis>(in, 16),
          .initial_age_s = load_le<std::uint32_t>(in, 32),
          .status = load_le<std::uint16_t>(in, 44),
          .flags = load_le<std::uint16_t>(in, 46),
          .purge_seq = load_le<std::uint64_t>(in, 24)};
}

}  // namespace

std::array<std::byte, kSegmentHeadBytes> encode_segment_head(const SegmentId& id) {
  std::array<std::byte, kSegmentHeadBytes> bytes{};
  store_le(bytes, 0, kSegmentMagic);
  store_le(bytes, 8, kVersion);
  store_le(bytes, 16, id.disk);
  store_le(bytes, 24, id.sequence);
  store_le(bytes, 12, crc32c_around(bytes, 12));
  return bytes;
}

std::optional<SegmentId> decode_segment_head(ByteView bytes) {
  if (bytes.size() != kSegmentHeadBytes || load_le<std::uint64_t>(bytes, 0) != kSegmentMagic ||
      load_le<std::uint32_t>(bytes, 8) != kVersion || !checksum_holds(bytes, 12)) {
    return std::nullopt;
  }
  return SegmentId{load_le<std::uint64_t>(bytes, 16), load_le<std::uint64_t>(bytes, 24)};
}

std::array<std::byte, kRecordHeadBytes> encode_record_head(const RecordHead& head) {
  std::array<std::byte, kRecordHeadBytes> bytes{};
  store_le(bytes, 0, kRecordMagic);
  store_le(bytes, 8, static_cast<std::uint16_t>(head.kind));
  store_le(bytes, 10, static_cast<std::uint16_t>(head.expired ? kExpired : 0));
  store_le(bytes, 12, head.payload_checksum);
  store_le(bytes, 16, head.segment.disk);
  store_le(bytes, 24, head.segment.sequence);
  store_le(bytes, 32, head.hash);
  store_le(bytes, 40, head.shape.body_bytes);
  store_le(bytes, 48, head.shape.key_bytes);
  store_le(bytes, 52, head.shape.tags_bytes);
  store_le(bytes, 56, head.shape.head_bytes);
  store_le(bytes, 60, head.shape.etag_offset);
  store_le(bytes, 64, head.shape.etag_bytes);
  encode_meta(head.meta, MutableByteView(bytes).subspan(72, 48));
  store_le(bytes, 4, crc32c_around(bytes, 4));
  return bytes;
}

std::optional<RecordHead> decode_record_head(ByteView bytes) {
  if (bytes.size() != kRecordHeadBytes || load_le<std::uint32_t>(bytes, 0) != kRecordMagic ||
      !checksum_holds(bytes, 4)) {
    return std::nullopt;
  }
  RecordHead head;
  const auto kind = load_le<std::uint16_t>(bytes, 8);
  const auto flags = load_le<std::uint16_t>(bytes, 10);
  if (kind != static_cast<std::uint16_t>(RecordHead::Kind::kObject) &&
      kind != static_cast<std::uint16_t>(RecordHead::Kind::kForgotten)) {
    return std::nullopt;
  }
  head.kind = static_cast<RecordHead::Kind>(kind);
  head.expired = (flags & kExpired) != 0;
  head.payload_checksum = load_le<std::uint32_t>(bytes, 12);
  head.segment = {load_le<std::uint64_t>(bytes, 16), load_le<std::uint64_t>(bytes, 24)};
  head.hash = load_le<std::uint64_t>(bytes, 32);
  head.shape = {.key_bytes = load_le<std::uint32_t>(bytes, 48),
                .tags_bytes = load_le<std::uint32_t>(bytes, 52),
                .head_bytes = load_le<std::uint32_t>(bytes, 56),
                .etag_offset = load_le<std::uint32_t>(bytes, 60),
                .etag_bytes = load_le<std::uint32_t>(bytes, 64),
                .body_bytes = load_le<std::uint64_t>(bytes, 40)};
  head.meta = decode_meta(bytes.subspan(72, 48));
  const ObjectShape& shape = head.shape;
  constexpr std::uint64_t kMost = std::uint64_t{Location::kMaxUnits} * kUnitBytes;
  if (shape.body_bytes >= kMost || head.units() >= Location::kMaxUnits ||
      std::uint64_t{shape.etag_offset} + shape.etag_bytes > shape.head_bytes) {
    return std::nullopt;
  }
  if (head.kind == RecordHead::Kind::kForgotten &&
      (shape.payload_bytes() != shape.body_bytes || shape.body_bytes % 8 != 0)) {
    return std::nullopt;
  }
  return head;
}

std::uint64_t segment_end_bytes(std::uint64_t entries) {
  return units_of(entries * kSegmentEntryBytes) * kUnitBytes + kSegmentTailBytes;
}

Bytes encode_segment_end(const SegmentId& id, std::uint32_t end,
                         std::span<const SegmentEntry> entries) {
  Bytes bytes(segment_end_bytes(entries.size()));
  std::size_t at = 0;
  for (const SegmentEntry& entry : entries) {
    store_le(bytes, at, entry.hash);
    store_le(bytes, at + 8, entry.offset);
    store_le(bytes, at + 12, entry.length);
    at += kSegmentEntryBytes;
  }
  const MutableByteView tail = MutableByteView(bytes).last(kSegmentTailBytes);
  store_le(tail, 0, kTailMagic);
  store_le(tail, 8, kVersion);
  store_le(tail, 12, crc32c(ByteView(bytes).first(at)));
  store_le(tail, 16, id.disk);
  store_le(tail, 24, id.sequence);
  store_le(tail, 32, end);
  store_le(tail, 36, static_cast<std::uint32_t>(entries.size()));
  store_le(tail, 4, crc32c_around(tail, 4));
  return bytes;
}

std::optional<SegmentTail> decode_segment_tail(ByteView bytes) {
  if (bytes.size() != kSegmentTailBytes || load_le<std::uint32_t>(bytes, 0) != kTailMagic ||
      load_le<std::uint32_t>(bytes, 8) != kVersion || !checksum_holds(bytes, 4)) {
    return std::nullopt;
  }
  const SegmentTail tail{
      .id = {load_le<std::uint64_t>(bytes, 16), load_le<std::uint64_t>(bytes, 24)},
      .end = load_le<std::uint32_t>(bytes, 32),
      .entries = load_le<std::uint32_t>(bytes, 36),
      .entries_checksum = load_le<std::uint32_t>(bytes, 12)};
  // A record takes two units or more, and each hash of those that forget an eighth of one.
  if (tail.end > 2 * Location::kMaxUnits || tail.entries > std::uint64_t{tail.end} * 8) {
    return std::nullopt;
  }
  return tail;
}

std::optional<std::vector<SegmentEntry>> decode_segment_entries(const SegmentTail& tail,
                                                                ByteView bytes) {
  if (bytes.size() != tail.entries * kSegmentEntryBytes || crc32c(bytes) != tail.entries_checksum) {
    return std::nullopt;
  }
  std::vector<SegmentEntry> entries(tail.entries);
  std::size_t at = 0;
  for (SegmentEntry& entry : entries) {
    entry = {load_le<std::uint64_t>(bytes, at), load_le<std::uint32_t>(bytes, at + 8),
             load_le<std::uint32_t>(bytes, at + 12)};
    if (entry.length >= Location::kMaxUnits || entry.offset >= tail.end ||
        entry.length > tail.end - entry.offset) {
      return std::nullopt;
    }
    at += kSegmentEntryBytes;
  }
  return entries;
}

Bytes encode_disk_head(const DiskHead& head) {
  Bytes bytes(kDiskHeadBytes + head.members.size() * 8);
  store_le(bytes, 0, kHeadMagic);
  store_le(bytes, 8, kVersion);
  store_le(bytes, 16, head.disk);
  store_le(bytes, 24, head.epoch);
  store_le(bytes, 32, head.secret.k0);
  store_le(bytes, 40, head.secret.k1);
  store_le(bytes, 48, static_cast<std::uint32_t>(head.members.size()));
  for (std::size_t i = 0; i < head.members.size(); ++i) {
    store_le(bytes, kDiskHeadBytes + i * 8, head.members[i]);
  }
  store_le(bytes, 12, crc32c_around(bytes, 12));
  return bytes;
}

std::optional<DiskHead> decode_disk_head(ByteView bytes) {
  if (bytes.size() < kDiskHeadBytes || load_le<std::uint64_t>(bytes, 0) != kHeadMagic ||
      load_le<std::uint32_t>(bytes, 8) != kVersion || !checksum_holds(bytes, 12)) {
    return std::nullopt;
  }
  const auto members = load_le<std::uint32_t>(bytes, 48);
  if (members > DiskHead::kMaxDisks || bytes.size() != kDiskHeadBytes + members * 8) {
    return std::nullopt;
  }
  DiskHead head{.disk = load_le<std::uint64_t>(bytes, 16),
                .epoch = load_le<std::uint64_t>(bytes, 24),
                .secret = {load_le<std::uint64_t>(bytes, 32), load_le<std::uint64_t>(bytes, 40)},
                .members = {}};
  for (std::uint32_t i = 0; i < members; ++i) {
    head.members.push_back(load_le<std::uint64_t>(bytes, kDiskHeadBytes + i * 8));
  }
  return head;
}

}  // namespace farm::cache
