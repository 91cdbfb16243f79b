// The bytes of a volume file, format 1 of docs/formats/volume.md: two copies of a superblock, then
// frames, each a 64-byte header and a payload. Encoding and checking only; no I/O, no state.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/photo_id.h"
#include "base/result.h"

namespace farm::volume {

using Uuid = std::array<std::byte, 16>;

inline constexpr std::uint64_t kSuperblockBytes = 4096;  // one copy
inline constexpr std::uint64_t kFirstFrame = 2 * kSuperblockBytes;
inline constexpr std::uint64_t kFrameAlignment = 64;
inline constexpr std::uint64_t kFrameHeaderBytes = 64;
inline constexpr std::uint64_t kFooterPayloadBytes = 64;
inline constexpr std::uint64_t kFooterBytes = kFrameHeaderBytes + kFooterPayloadBytes;

// A record's length has 32 bits in the index.
inline constexpr std::uint64_t kMaxRecordBytes = 0xffff'ffff;

struct Superblock {
  Uuid uuid{};               // of this volume
  Uuid store{};              // the same in all volumes of one store
  std::uint64_t nonce = 0;   // random and secret: no uploaded bytes can look like one of our frames
  std::uint32_t number = 0;  // from 1; unique in the store
  std::uint64_t generation = 1;  // grows each time the volume is rewritten as a whole
  Millis created_ms = 0;
};

std::uint64_t random_nonce();

Bytes encode_superblocks(const Superblock& superblock);  // both copies: kFirstFrame bytes

struct FoundSuperblock {
  Superblock superblock;
  bool both_copies_good = true;
};
// From the file's first kFirstFrame bytes. kCorrupt if neither copy is good, kUnsupported if it was
// written by a newer format.
Result<FoundSuperblock> decode_superblocks(ByteView bytes);

enum class FrameType : std::uint8_t {
  kRecord = 1,
  kTombstone = 2,  // the photo was removed
  kFiller = 3,     // bytes that mean nothing: what a torn write left, or a mark of a clean stop
  kFooter = 4,     // the volume is full and closed; nothing follows
};

struct FrameHeader {
  FrameType type = FrameType::kFiller;
  std::uint64_t sequence = 0;  // grows over the whole store; the greatest of an id decides
  PhotoId id;                  // 0 in fillers and footers
  std::uint32_t version = 0;
  std::uint32_t payload_checksum = 0;  // CRC32C
  std::uint64_t payload_bytes = 0;
  std::uint64_t durable_end =
      0;  // all before this offset was on the disk when the frame was written
  Millis written_ms = 0;
};

using EncodedHeader = std::array<std::byte, kFrameHeaderBytes>;

// Header, payload and what rounds them up to the next frame.
constexpr std::uint64_t frame_bytes(std::uint64_t payload_bytes) {
  const std::uint64_t bytes = kFrameHeaderBytes + payload_bytes;
  return (bytes + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
}

// A header is good only in the volume and at the offset that it was made for.
EncodedHeader encode_frame_header(const FrameHeader& header, std::uint64_t nonce,
                                  std::uint64_t offset);
// Nothing if these kFrameHeaderBytes are no such header. Lengths are checked for overflow only:
// that the frame ends within its file is the caller's to check.
std::optional<FrameHeader> decode_frame_header(ByteView bytes, std::uint64_t nonce,
                                               std::uint64_t offset);

// What a closed volume holds.
struct Footer {
  std::uint64_t frames = 0;  // without the footer
  std::uint64_t records = 0;
  std::uint64_t tombstones = 0;
  std::uint64_t payload_bytes = 0;  // of records
  std::uint64_t last_sequence = 0;
};

// Adds a frame, which is no footer, to what a volume holds.
void count_frame(Footer& totals, FrameType type, std::uint64_t sequence,
                 std::uint64_t payload_bytes);

std::array<std::byte, kFooterPayloadBytes> encode_footer(const Footer& footer);
Footer decode_footer(ByteView payload);  // kFooterPayloadBytes whose checksum holds

}  // namespace farm::volume
