#include "cache/purge_file.h"

#include <algorithm>
#include <optional>

#include "base/checksum.h"

namespace farm::cache {
namespace {

constexpr std::string_view kMagic{"\x89PFP\r\n\x1a\n", 8};
constexpr std::uint16_t kFormatVersion = 1;
constexpr std::uint32_t kRecordMark = 0x4752'5550;  // "PURG"
constexpr std::size_t kRecordHeadBytes = 24;
constexpr std::size_t kHeadChecksumAt = 12;
constexpr std::size_t kAlign = 8;
constexpr std::uint8_t kSoftFlag = 1;
constexpr std::uint8_t kForeignFlag = 2;

std::uint32_t head_checksum(ByteView bytes) {
  return crc32c_around(bytes.first(kPurgeFileHeadBytes), kHeadChecksumAt);
}

std::size_t padded(std::size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

bool makes_sense(const PurgeRecord& record) {
  if (record.kind == PurgeRecord::Kind::kFollowed)
    return record.value.size() == PurgeLogId().size();
  const auto kind = static_cast<Purge::Kind>(record.kind);
  return check_purge({kind, std::string(record.value), record.soft}).has_value();
}

// The record at the front of `bytes`, if there is a good one, and what it takes.
std::optional<PurgeRecord> read_record(ByteView bytes, std::size_t& taken) {
  if (bytes.size() < kRecordHeadBytes || load_le<std::uint32_t>(bytes, 0) != kRecordMark) return {};
  const std::size_t length = load_le<std::uint32_t>(bytes, 16);
  if (length > kMaxPurgeBytes || padded(kRecordHeadBytes + length) > bytes.size()) return {};
  taken = padded(kRecordHeadBytes + length);
  if (crc32c(bytes.subspan(8, taken - 8)) != load_le<std::uint32_t>(bytes, 4)) return {};
  const auto kind = load_le<std::uint8_t>(bytes, 20);
  const auto flags = load_le<std::uint8_t>(bytes, 21);
  if (kind < 1 || kind > 4) return {};
  const PurgeRecord record{.kind = static_cast<PurgeRecord::Kind>(kind),
                           .soft = (flags & kSoftFlag) != 0,
                           .foreign = (flags & kForeignFlag) != 0,
                           .number = load_le<std::uint64_t>(bytes, 8),
                           .value = as_text(bytes.subspan(kRecordHeadBytes, length))};
  if (!makes_sense(record)) return {};
  return record;
}

}  // namespace

Bytes encode_purge_file_head(const PurgeFileHead& head) {
  Bytes bytes(kPurgeFileHeadBytes);
  std::ranges::copy(as_bytes(kMagic), bytes.begin());
  store_le(bytes, 8, kFormatVersion);
  std::ranges::copy(head.id, bytes.begin() + 16);
  store_le(bytes, 32, head.last);
  store_le(bytes, 40, head.floors.gone);
  store_le(bytes, 48, head.floors.stale);
  store_le(bytes, kHeadChecksumAt, head_checksum(bytes));
  return bytes;
}

void append_purge_record(const PurgeRecord& record, Bytes& out) {
  const std::size_t at = out.size();
  out.resize(at + padded(kRecordHeadBytes + record.value.size()));
  const MutableByteView bytes = MutableByteView(out).subspan(at);
  store_le(bytes, 0, kRecordMark);
  store_le(bytes, 8, record.number);
  store_le(bytes, 16, static_cast<std::uint32_t>(record.value.size()));
  store_le(bytes, 20, static_cast<std::uint8_t>(record.kind));
  store_le(bytes, 21,
           static_cast<std::uint8_t>((record.soft ? kSoftFlag : 0) |
                                     (record.foreign ? kForeignFlag : 0)));
  std::ranges::copy(as_bytes(record.value), bytes.begin() + kRecordHeadBytes);
  store_le(bytes, 4, crc32c(bytes.subspan(8)));
}

Result<PurgeFile> parse_purge_file(ByteView bytes) {
  if (bytes.size() < kPurgeFileHeadBytes || as_text(bytes.first(kMagic.size())) != kMagic ||
      load_le<std::uint32_t>(bytes, kHeadChecksumAt) != head_checksum(bytes)) {
    return fail(ErrorCode::kCorrupt, "cache", "the head of the purge log is damaged");
  }
  if (load_le<std::uint16_t>(bytes, 8) != kFormatVersion) {
    return fail(ErrorCode::kUnsupported, "cache",
                "the purge log was written by a newer photofarm; run that one");
  }
  PurgeFile file;
  std::ranges::copy(bytes.subspan(16, file.head.id.size()), file.head.id.begin());
  file.head.last = load_le<std::uint64_t>(bytes, 32);
  file.head.floors.gone = load_le<std::uint64_t>(bytes, 40);
  file.head.floors.stale = load_le<std::uint64_t>(bytes, 48);
  file.whole_bytes = kPurgeFileHeadBytes;
  bool damaged = false;
  std::uint64_t last = 0;
  for (std::size_t at = kPurgeFileHeadBytes; at < bytes.size();) {
    std::size_t taken = 0;
    const auto record = read_record(bytes.subspan(at), taken);
    const bool purge = record && record->kind != PurgeRecord::Kind::kFollowed;
    if (!record || (purge && record->number <= last)) {
      damaged = true;
      at += kAlign;
      continue;
    }
    if (purge) {
      if (damaged) file.lost_up_to = record->number - 1;
      damaged = false;
      last = record->number;
    }
    file.records.push_back(*record);
    at += taken;
    file.whole_bytes = at;
  }
  return file;
}

}  // namespace farm::cache
