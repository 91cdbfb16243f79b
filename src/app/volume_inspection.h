// Looks into a volume's file (docs/formats/volume.md) without changing anything and without a lock:
// what `photofarm inspect volume` prints. A server that has it open may be appending meanwhile;
// then the end is what it was when it was read. Not thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/file.h"
#include "volume/format.h"
#include "volume/recovery.h"

namespace farm::app {

struct FrameSeen {
  std::uint64_t offset = 0;
  volume::FrameHeader header;
  std::optional<bool> holds;  // its payload's checksum, where it was looked at
};

struct VolumeInspection {
  std::uint64_t file_bytes = 0;
  bool copy_good[2] = {false, false};  // of the superblock
  volume::Superblock superblock;       // of a good one

  // By frames, as they stand in the file, whether they count or not.
  std::uint64_t records = 0;
  std::uint64_t tombstones = 0;
  std::uint64_t fillers = 0;
  std::uint64_t filler_bytes = 0;
  std::uint64_t payload_bytes = 0;  // of records
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  Millis first_written_ms = 0;
  Millis last_written_ms = 0;
  // What would live if there were no other volume: of each photo the frame with the greatest
  // sequence, if that is a record.
  std::uint64_t live_records = 0;
  std::uint64_t live_bytes = 0;
  // With `check` only.
  std::uint64_t bad_payloads = 0;

  std::optional<volume::Footer> footer;  // what it tells; nothing if there is no good one
  bool footer_agrees = false;            // with what was counted
  volume::Recovery recovery;             // what opening the volume would find
};

struct InspectOptions {
  bool check = false;  // read every payload, and compare it with its checksum
  // Called for every frame in the order of the file; may be empty.
  std::function<void(const FrameSeen&)> visit;
  // Called now and then with the bytes gone through and how many there are; may be empty.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

// kCorrupt if no copy of the superblock is good, kUnsupported if a newer photofarm wrote it.
Result<VolumeInspection> inspect_volume(io::FileSystem& files, const std::filesystem::path& file,
                                        const InspectOptions& options);

// The process that has the volume's data directory open, by its lock file and /proc/locks: nothing
// if there is none, or if that cannot be told.
std::optional<long> holder_of_volume(const std::filesystem::path& volume_file);

}  // namespace farm::app
