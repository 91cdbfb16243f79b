// The bytes of purge.log (docs/formats/purge-log.md): a head, then a record for each purge, and for
// how far another process's log was followed. Pure; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "cache/purge.h"

namespace farm::cache {

// Which log it is, for those who follow it: random.
using PurgeLogId = std::array<std::byte, 16>;

// What was stored before these numbers counts as purged, one way or the other.
struct PurgeFloors {
  std::uint64_t gone = 0;
  std::uint64_t stale = 0;

  bool operator==(const PurgeFloors&) const = default;
};

struct PurgeFileHead {
  PurgeLogId id{};
  std::uint64_t last = 0;  // the greatest number when it was written
  PurgeFloors floors;

  bool operator==(const PurgeFileHead&) const = default;
};

struct PurgeRecord {
  enum class Kind : std::uint8_t {
    kPath = 1,
    kPrefix = 2,
    kTag = 3,
    kFollowed = 4,  // the value is a PurgeLogId: of that log all up to `number` is known here
  };
  Kind kind = Kind::kPath;
  bool soft = false;
  bool foreign = false;  // came from another process
  std::uint64_t number = 0;
  std::string_view value;

  bool operator==(const PurgeRecord&) const = default;
};

inline constexpr std::size_t kPurgeFileHeadBytes = 64;

Bytes encode_purge_file_head(const PurgeFileHead& head);
void append_purge_record(const PurgeRecord& record, Bytes& out);

struct PurgeFile {
  PurgeFileHead head;
  std::vector<PurgeRecord> records;  // views into the bytes; numbers of purges grow
  std::uint64_t whole_bytes = 0;     // up to the end of the last good record
  // Good records follow damage, so that there were others between: the number before the first
  // purge after the last such place. 0: nothing of the kind.
  std::uint64_t lost_up_to = 0;
};

// What follows the last good record was never acknowledged, or is damaged, which cannot be told
// apart. kCorrupt if the head is not one, kUnsupported if a newer photofarm wrote it.
Result<PurgeFile> parse_purge_file(ByteView bytes);

}  // namespace farm::cache
