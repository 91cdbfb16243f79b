// What a segment file holds, found out from the file alone: by the entries at its end, or, where
// those are missing or damaged, by going through its records from the first one on. Stateless;
// thread-safe.
#pragma once

#include "base/result.h"
#include "cache/disk/segment_format.h"
#include "io/file.h"

namespace farm::cache {

struct SegmentContents {
  std::vector<SegmentEntry> entries;
  std::uint32_t end = 0;  // of the records that are good, in units
  // It ends as it should, and these are its entries.
  bool closed = false;
  // Nothing that was written to it is missing here: it is closed, or all records up to its end were
  // found though it is damaged. If not, what follows `end` is lost.
  bool complete = false;
};

// kNotFound if it is no segment of that identity, kIo if it cannot be read. Payloads are not
// checked: whoever reads a record checks it.
Result<SegmentContents> read_segment(io::File& file, const SegmentId& id);

// The entries of a closed one; kCorrupt if they are not good.
Result<SegmentContents> read_segment_end(io::File& file, const SegmentId& id);

}  // namespace farm::cache
