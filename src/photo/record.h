// The record: the immutable bytes of one version of a photo, format 1 of docs/formats/record.md.
// A header (ids, secrets, a directory of the sizes, a CRC32C for every 64 KiB of each, what the
// catalog needs to be rebuilt) and then the sizes, small ones first, the original last.
//
// encode_header() makes the header for sizes that lie elsewhere, so that an original is never
// copied into a record; RecordView reads a header in place and allocates nothing. No I/O here.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/photo_id.h"
#include "base/result.h"
#include "photo/facts.h"
#include "photo/secret.h"
#include "photo/size_code.h"

namespace farm::photo {

enum class Visibility : std::uint8_t { kPublic = 0, kPrivate = 1 };

inline constexpr std::size_t kRecordPreludeBytes = 24;  // enough for record_header_length()
inline constexpr std::size_t kRecordMaxHeaderBytes = 1 << 20;
inline constexpr std::size_t kRecordBlockBytes = 64 << 10;  // what one checksum covers
inline constexpr std::size_t kMaxOwnerBytes = 255;
inline constexpr std::size_t kMaxTitleBytes = 1000;

// What the header says of the whole version. Strings are views: of the caller's memory when
// encoding, of the record's when reading.
struct RecordInfo {
  PhotoId id;
  std::uint32_t version = 1;  // from 1
  std::uint16_t server = 0;
  Visibility visibility = Visibility::kPublic;
  Format format = Format::kJpeg;  // of the original
  Secret secret;
  Secret original_secret;
  Dimensions dimensions;  // of the original, upright
  Millis created_ms = 0;  // of the photo
  Millis changed_ms = 0;  // of this version
  std::string_view owner;
  std::string_view title;
  FactTexts facts;  // as the header has them: checked_facts() tells which have their form
};

struct SizeInput {
  SizeCode code;
  Format format;
  Dimensions dimensions;
  ByteView bytes;
};

// One entry of the directory. Offsets count from the record's first byte.
struct SizeEntry {
  SizeCode code;
  Format format;
  Dimensions dimensions;
  std::uint32_t first_block;  // index of its first checksum
  std::uint64_t offset;
  std::uint64_t length;
};

// The header for these sizes, which follow it in the order given: put the small ones first and the
// original last. kInvalidArgument where a bound does not hold (1 to 16 sizes, no code twice,
// original last, strings within their limits).
Result<Bytes> encode_header(const RecordInfo& info, std::span<const SizeInput> sizes);

class RecordView;

// What the catalog can change without a new record.
struct Labels {
  Visibility visibility = Visibility::kPublic;
  std::string_view owner;
  std::string_view title;
};

// The header of the same record under other labels: it may be longer or shorter, and what follows
// it, the sizes, is the same byte for byte. Texts that this program does not know are kept.
// kInvalidArgument for a label over its limit.
Result<Bytes> relabel(const RecordView& record, const Labels& labels);

// How many bytes the header has, from the record's first kRecordPreludeBytes or more; kCorrupt if
// this is no record of a version we know.
Result<std::size_t> record_header_length(ByteView prefix);

// A checked view of a header. Cheap to copy; valid as long as the bytes it was made from.
class RecordView {
 public:
  // `bytes` holds at least the whole header (more is fine). Checks magic, version, checksum and
  // that every length and offset agrees; after that all accessors are safe. kCorrupt otherwise.
  static Result<RecordView> parse(ByteView bytes);

  RecordInfo info() const;
  PhotoId id() const;
  std::uint32_t version() const;
  Secret secret() const;
  Secret original_secret() const;
  Millis changed_ms() const;
  std::size_t header_bytes() const { return header_.size(); }
  std::uint64_t record_bytes() const;  // header and all sizes
  std::size_t size_count() const;
  SizeEntry size_at(std::size_t index) const;
  std::optional<SizeEntry> find(SizeCode code) const;

  // Whether `bytes`, which lie in that size from `block` * kRecordBlockBytes on, are what was
  // stored. They must end at a block's or at the size's end.
  bool verify(const SizeEntry& size, std::uint64_t block, ByteView bytes) const;

  // A strong validator for HTTP made from the size's checksums: 16 hex digits.
  std::uint64_t fingerprint(const SizeEntry& size) const;

 private:
  friend Result<Bytes> relabel(const RecordView& record, const Labels& labels);
  explicit RecordView(ByteView header) : header_(header) {}
  std::uint32_t block_checksum(std::uint64_t index) const;
  std::string_view text(std::uint8_t tag) const;
  ByteView header_;
};

}  // namespace farm::photo
