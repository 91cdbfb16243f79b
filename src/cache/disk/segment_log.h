// A disk's log: records are written one after the other into segments of one size; when the disk is
// full the oldest segment goes, and what was read of it since it was written is written once more
// at the end (the second chance). This is the policy, of which the index is a part; the bytes are
// somebody else's (SegmentStore), so that a simulation runs the same policy without any.
//
// The log keeps the room of one segment free beyond the one that it writes, so that second chances
// are copied from one to the other. One thread at a time; the index may be used by others
// meanwhile.
#pragma once

#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "cache/disk/disk_index.h"
#include "cache/disk/segment_format.h"

namespace farm::cache {

// What is to be written: an object, or hashes that are forgotten.
struct LogRecord {
  std::uint64_t hash = 0;
  std::uint32_t units = 0;         // its length with its head
  const Object* object = nullptr;  // none in simulations
  std::span<const std::uint64_t> forgotten = {};
};

// Where segments are kept. A slot holds at most one.
class SegmentStore {
 public:
  virtual ~SegmentStore() = default;

  // A new segment. kNoSpace leaves nothing of it behind.
  virtual Result<void> create(std::uint32_t slot, std::uint64_t sequence, std::uint64_t bytes) = 0;
  // Records one after the other from that unit on.
  virtual Result<void> write(std::uint32_t slot, std::uint32_t offset,
                             std::span<const LogRecord> records) = 0;
  // No more comes: what it takes from now on, in bytes. Durable when it returns.
  virtual Result<std::uint64_t> close(std::uint32_t slot, std::uint32_t end,
                                      std::span<const SegmentEntry> entries) = 0;
  virtual Result<std::vector<SegmentEntry>> entries(std::uint32_t slot) = 0;
  // Copies the record at `from` to its new place; kCorrupt if it cannot be read well.
  virtual Result<void> carry(std::uint64_t hash, const Location& from, const Location& to) = 0;
  virtual void remove(std::uint32_t slot) = 0;
};

struct LogOptions {
  std::uint64_t capacity_bytes = 0;
  std::uint64_t segment_bytes = 0;  // at most half of the capacity
  // Of each segment that goes, at most so much is written again.
  std::uint32_t second_chance_percent = 50;
  // Asked before each second chance, with its bytes: false lets the object go.
  std::function<bool(std::uint64_t)> may_carry = {};
};

struct LogCounts {
  std::uint64_t written_bytes = 0;  // all that was written, what is rounded up included
  std::uint64_t carried = 0;
  std::uint64_t carried_bytes = 0;
  std::uint64_t evicted = 0;
  std::uint64_t segments_closed = 0;
};

class SegmentLog {
 public:
  using Written = std::function<void(std::size_t record, const Location& location)>;

  SegmentLog(LogOptions options, DiskIndex& index, SegmentStore& store);

  // A closed segment that is there already, the oldest first; before anything else.
  void adopt(std::uint32_t slot, std::uint64_t sequence, std::uint64_t bytes);
  // The next segment's number is at least so much.
  void number_from(std::uint64_t sequence) { next_sequence_ = sequence; }
  // Lets the oldest go until the capacity holds again.
  void trim();

  // Tells each record's place after it is written, in order. After an error the log is not to be
  // used any more. Records are shorter than half a segment.
  Result<void> append(std::span<const LogRecord> records, const Written& written);
  // Closes the segment that is being written, if there is one.
  Result<void> close();

  struct Segment {
    std::uint32_t slot = 0;
    std::uint64_t sequence = 0;
    std::uint64_t bytes = 0;
  };
  // Those that are there, the oldest first, with the one that is being written.
  const std::deque<Segment>& segments() const { return segments_; }
  // Of the one that is being written; 0 if there is none.
  std::uint32_t open_end() const { return open_ ? end_ : 0; }
  std::uint64_t used_bytes() const { return used_bytes_; }
  std::uint64_t capacity_bytes() const { return options_.capacity_bytes; }
  const LogCounts& counts() const { return counts_; }

 private:
  static constexpr std::uint32_t kFirstUnit = kSegmentHeadBytes / kUnitBytes;

  bool fits(const LogRecord& record) const;
  bool fits(std::uint64_t units, std::uint64_t entries) const;
  bool is_full() const;
  Result<void> write_run(std::span<const LogRecord> records, std::size_t first,
                         const Written& written);
  Result<void> rotate();
  Result<void> begin();
  void drop_oldest();
  void drop_oldest(const Result<std::vector<SegmentEntry>>& entries);
  Result<void> give_second_chances();
  Result<std::uint64_t> carry(const SegmentEntry& entry, const Location& from);
  std::uint32_t free_slot();

  LogOptions options_;
  DiskIndex& index_;
  SegmentStore& store_;
  std::deque<Segment> segments_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t next_slot_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t used_bytes_ = 0;
  bool open_ = false;  // the newest of them is being written
  std::uint32_t end_ = 0;
  std::vector<SegmentEntry> entries_;  // of it
  LogCounts counts_;
};

}  // namespace farm::cache
