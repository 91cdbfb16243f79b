// What a start finds on a disk: its segments into the log, its records into the index. Whatever
// state a crash or a loss of power left, the index afterwards is that of some moment before it: of
// the last one, but for what the last segment lost. Where that cannot be told (a segment in the
// middle is damaged or missing), what is older than the damage is let go of.
#pragma once

#include "cache/disk/disk_home.h"
#include "cache/disk/segment_files.h"

namespace farm::cache {

struct LoadOutcome {
  bool by_checkpoint = false;
  std::uint64_t segments = 0;
  std::uint64_t segments_read = 0;  // of which the entries, or the records, had to be read
};

// Into an empty index, log and store, of a disk that has a head. Only errors of the disk itself are
// errors.
Result<LoadOutcome> load_disk(io::FileSystem& files, DiskHome& home, DiskIndex& index,
                              SegmentFiles& segments, SegmentLog& log);

}  // namespace farm::cache
