// Writes a volume anew without its garbage, as a file beside it that is put in its place later:
// the same number, the next generation, frames with the sequences they had (docs/formats/volume.md,
// "Rewriting").
#pragma once

#include <functional>
#include <vector>

#include "volume/throttle.h"
#include "volume/volume.h"

namespace farm::volume {

struct MovedFrame {
  PhotoId id;
  std::uint32_t from = 0;  // offsets of payloads, in units of kFrameAlignment
  std::uint32_t to = 0;
};

struct Rewritten {
  std::unique_ptr<io::File> file;  // closed with a footer, all of it on the disk
  Superblock superblock;
  Footer totals;
  std::vector<MovedFrame> moved;  // in the order of the file
  std::vector<PhotoId> damaged;   // whose bytes did not match their checksum, and were kept so
  std::uint64_t bytes = 0;        // of the new file
};

// Whether the record or tombstone whose payload is at `offset` still counts.
using IsLive = std::function<bool(PhotoId id, std::uint64_t offset)>;

// `old` takes no frames any more and is not damaged. A record whose bytes do not match its checksum
// is copied as it is: what is good of it stays readable, and what is not stays noticed. After an
// error, `draft` is gone and nothing has changed; kClosed if the throttle was stopped.
Result<Rewritten> rewrite(io::FileSystem& files, Volume& old, const Superblock& superblock,
                          const std::filesystem::path& draft, const IsLive& is_live,
                          Throttle& throttle);

}  // namespace farm::volume
