// What opening finds in a volume. The rules are those of docs/formats/volume.md:
//
// - Every frame tells up to where the volume was on the disk when it was written. All before the
//   greatest such mark was acknowledged or written off; a hole there is damage.
// - What lies behind the mark may have been under way when the power went: it is asked from the
// disk
//   again, not from the cache, and counts only if its payload's checksum holds.
// - Behind the last frame that counts, nothing was ever acknowledged: there the next one goes.
#pragma once

#include <functional>
#include <vector>

#include "io/file.h"
#include "volume/format.h"

namespace farm::volume {

struct Hole {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

inline constexpr std::size_t kMaxHolesKept = 1000;

struct Recovery {
  std::uint64_t end = kFirstFrame;          // behind the last frame that counts
  std::uint64_t durable_end = kFirstFrame;  // the greatest mark found
  bool all_marked = true;     // by a frame that counts, too: the greatest mark may be on a torn one
  bool closed = false;        // a footer stands at the end
  Footer totals;              // of what counts
  std::vector<Hole> torn;     // between frames, never acknowledged: to be made fillers of
  std::vector<Hole> damaged;  // at most kMaxHolesKept
  std::uint64_t damaged_count = 0;
  std::uint64_t unreadable_bytes = 0;
  std::optional<Error> sync_error;  // the disk did not take what was still in memory
};

// Called for every frame that counts, records and tombstones alike, in the order of the file.
using FrameVisitor = std::function<void(std::uint64_t offset, const FrameHeader& header)>;

// Goes through the frames from offset `from` on, which begins a frame and before which all is known
// to be on the disk (kFirstFrame, or where a checkpoint ends). Reads, and syncs what a killed
// process left in memory; changes nothing. An error if the file cannot be read at all.
Result<Recovery> recover(io::File& file, std::uint64_t nonce, std::uint64_t from,
                         const FrameVisitor& visit);

// Whether the frame is there as `header` has it and its payload's checksum holds. An error if it
// cannot be read.
Result<bool> frame_holds(io::File& file, std::uint64_t nonce, std::uint64_t offset,
                         const FrameHeader& header);

}  // namespace farm::volume
