#include "volume/format.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/digest.h"

namespace farm::volume {
namespace {

constexpr std::string_view kSuperblockMagic{"\x89PFV\r\n\x1a\n", 8};
constexpr std::uint16_t kFormatVersion = 1;
constexpr std::uint64_t kFrameMagic = 0x316d61724650f0aeULL;  // the nonce is xor-ed into it
constexpr std::uint64_t kMaxFillerBytes = std::uint64_t{1} << 40;

// Byte offsets: docs/formats/volume.md.
namespace super_at {
constexpr std::size_t kFormatVersion = 8;
constexpr std::size_t kChecksum = 12;
constexpr std::size_t kUuid = 16;
constexpr std::size_t kStore = 32;
constexpr std::size_t kNonce = 48;
constexpr std::size_t kNumber = 56;
constexpr std::size_t kGeneration = 64;
constexpr std::size_t kCreated = 72;
}  // namespace super_at

namespace frame_at {
constexpr std::size_t kMagic = 0;
constexpr std::size_t kChecksum = 8;
constexpr std::size_t kType = 12;
constexpr std::size_t kReserved = 13;  // three bytes, zero
constexpr std::size_t kSequence = 16;
constexpr std::size_t kId = 24;
constexpr std::size_t kVersion = 32;
constexpr std::size_t kPayloadChecksum = 36;
constexpr std::size_t kPayloadBytes = 40;
constexpr std::size_t kDurableEnd = 48;
constexpr std::size_t kWritten = 56;
}  // namespace frame_at

namespace footer_at {
constexpr std::size_t kFrames = 0;
constexpr std::size_t kRecords = 8;
constexpr std::size_t kTombstones = 16;
constexpr std::size_t kPayloadBytes = 24;
constexpr std::size_t kLastSequence = 32;
}  // namespace footer_at

std::uint32_t frame_checksum(ByteView header, std::uint64_t offset) {
  std::array<std::byte, 8> place{};
  store_le(place, 0, offset);
  return crc32c_around(header, frame_at::kChecksum, crc32c(place));
}

bool makes_sense(const FrameHeader& header) {
  const bool names_photo =
      header.id.value != 0 && header.id.value >> 63 == 0 && header.version != 0;
  switch (header.type) {
    case FrameType::kRecord:
      return names_photo && header.payload_bytes > 0 && header.payload_bytes <= kMaxRecordBytes;
    case FrameType::kTombstone:
      return names_photo && header.payload_bytes == 0;
    case FrameType::kFiller:
      return header.payload_bytes <= kMaxFillerBytes;
    case FrameType::kFooter:
      return header.payload_bytes == kFooterPayloadBytes;
  }
  return false;
}

bool superblock_holds(ByteView copy) {
  return as_text(copy.first(8)) == kSuperblockMagic &&
         load_le<std::uint32_t>(copy, super_at::kChecksum) ==
             crc32c_around(copy, super_at::kChecksum);
}

Superblock decode_copy(ByteView copy) {
  Superblock superblock;
  std::ranges::copy(copy.subspan(super_at::kUuid, 16), superblock.uuid.begin());
  std::ranges::copy(copy.subspan(super_at::kStore, 16), superblock.store.begin());
  superblock.nonce = load_le<std::uint64_t>(copy, super_at::kNonce);
  superblock.number = load_le<std::uint32_t>(copy, super_at::kNumber);
  superblock.generation = load_le<std::uint64_t>(copy, super_at::kGeneration);
  superblock.created_ms = load_le<std::int64_t>(copy, super_at::kCreated);
  return superblock;
}

}  // namespace

std::uint64_t random_nonce() {
  std::array<std::byte, sizeof(std::uint64_t)> bytes{};
  random_bytes(bytes);
  return load_le<std::uint64_t>(bytes, 0);
}

Bytes encode_superblocks(const Superblock& superblock) {
  Bytes bytes(kFirstFrame);
  const MutableByteView copy = MutableByteView(bytes).first(kSuperblockBytes);
  std::ranges::copy(as_bytes(kSuperblockMagic), copy.begin());
  store_le(copy, super_at::kFormatVersion, kFormatVersion);
  std::ranges::copy(superblock.uuid, copy.begin() + super_at::kUuid);
  std::ranges::copy(superblock.store, copy.begin() + super_at::kStore);
  store_le(copy, super_at::kNonce, superblock.nonce);
  store_le(copy, super_at::kNumber, superblock.number);
  store_le(copy, super_at::kGeneration, superblock.generation);
  store_le(copy, super_at::kCreated, superblock.created_ms);
  store_le(copy, super_at::kChecksum, crc32c_around(copy, super_at::kChecksum));
  std::ranges::copy(copy, bytes.begin() + kSuperblockBytes);
  return bytes;
}

Result<FoundSuperblock> decode_superblocks(ByteView bytes) {
  if (bytes.size() < kFirstFrame) return fail(ErrorCode::kCorrupt, "volume", "file too short");
  const ByteView first = bytes.first(kSuperblockBytes);
  const ByteView second = bytes.subspan(kSuperblockBytes, kSuperblockBytes);
  const bool first_good = superblock_holds(first);
  const bool second_good = superblock_holds(second);
  if (!first_good && !second_good) {
    return fail(ErrorCode::kCorrupt, "volume", "both copies of the superblock are damaged");
  }
  const ByteView copy = first_good ? first : second;
  if (load_le<std::uint16_t>(copy, super_at::kFormatVersion) != kFormatVersion) {
    return fail(ErrorCode::kUnsupported, "volume", "written by a newer photofarm");
  }
  return FoundSuperblock{decode_copy(copy), first_good && second_good};
}

EncodedHeader encode_frame_header(const FrameHeader& header, std::uint64_t nonce,
                                  std::uint64_t offset) {
  EncodedHeader bytes{};
  store_le(bytes, frame_at::kMagic, kFrameMagic ^ nonce);
  store_le(bytes, frame_at::kType, static_cast<std::uint8_t>(header.type));
  store_le(bytes, frame_at::kSequence, header.sequence);
  store_le(bytes, frame_at::kId, header.id.value);
  store_le(bytes, frame_at::kVersion, header.version);
  store_le(bytes, frame_at::kPayloadChecksum, header.payload_checksum);
  store_le(bytes, frame_at::kPayloadBytes, header.payload_bytes);
  store_le(bytes, frame_at::kDurableEnd, header.durable_end);
  store_le(bytes, frame_at::kWritten, header.written_ms);
  store_le(bytes, frame_at::kChecksum, frame_checksum(bytes, offset));
  return bytes;
}

std::optional<FrameHeader> decode_frame_header(ByteView bytes, std::uint64_t nonce,
                                               std::uint64_t offset) {
  const ByteView raw = bytes.first(kFrameHeaderBytes);
  if (load_le<std::uint64_t>(raw, frame_at::kMagic) != (kFrameMagic ^ nonce)) return {};
  if (load_le<std::uint32_t>(raw, frame_at::kChecksum) != frame_checksum(raw, offset)) return {};
  if (std::ranges::any_of(raw.subspan(frame_at::kReserved, 3),
                          [](std::byte byte) { return byte != std::byte{0}; })) {
    return {};
  }
  FrameHeader header;
  header.type = static_cast<FrameType>(load_le<std::uint8_t>(raw, frame_at::kType));
  header.sequence = load_le<std::uint64_t>(raw, frame_at::kSequence);
  header.id = PhotoId{load_le<std::uint64_t>(raw, frame_at::kId)};
  header.version = load_le<std::uint32_t>(raw, frame_at::kVersion);
  header.payload_checksum = load_le<std::uint32_t>(raw, frame_at::kPayloadChecksum);
  header.payload_bytes = load_le<std::uint64_t>(raw, frame_at::kPayloadBytes);
  header.durable_end = load_le<std::uint64_t>(raw, frame_at::kDurableEnd);
  header.written_ms = load_le<std::int64_t>(raw, frame_at::kWritten);
  if (!makes_sense(header) || header.durable_end > offset) return {};
  return header;
}

void count_frame(Footer& totals, FrameType type, std::uint64_t sequence,
                 std::uint64_t payload_bytes) {
  ++totals.frames;
  totals.last_sequence = std::max(totals.last_sequence, sequence);
  if (type == FrameType::kRecord) {
    ++totals.records;
    totals.payload_bytes += payload_bytes;
  } else if (type == FrameType::kTombstone) {
    ++totals.tombstones;
  }
}

std::array<std::byte, kFooterPayloadBytes> encode_footer(const Footer& footer) {
  std::array<std::byte, kFooterPayloadBytes> bytes{};
  store_le(bytes, footer_at::kFrames, footer.frames);
  store_le(bytes, footer_at::kRecords, footer.records);
  store_le(bytes, footer_at::kTombstones, footer.tombstones);
  store_le(bytes, footer_at::kPayloadBytes, footer.payload_bytes);
  store_le(bytes, footer_at::kLastSequence, footer.last_sequence);
  return bytes;
}

Footer decode_footer(ByteView payload) {
  return {.frames = load_le<std::uint64_t>(payload, footer_at::kFrames),
          .records = load_le<std::uint64_t>(payload, footer_at::kRecords),
          .tombstones = load_le<std::uint64_t>(payload, footer_at::kTombstones),
          .payload_bytes = load_le<std::uint64_t>(payload, footer_at::kPayloadBytes),
          .last_sequence = load_le<std::uint64_t>(payload, footer_at::kLastSequence)};
}

}  // namespace farm::volume
