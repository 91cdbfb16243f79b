// Gives out places at a volume's end and makes what is written there durable, many writers with one
// sync. A writer reserves a place, writes into it in its own thread, beside the others, and
// commits:
//
//   FARM_TRY(const auto place, appender.reserve(bytes, Purpose::kRecord));
//   if (!place) ...                                       // full or closed: take another volume
//   FARM_TRY(appender.commit(*place, file.write_at(place->offset, ...)));   // now it is durable
//
// The first writer that finds no sync under way syncs for all who have written by then; the others
// wait for it. Thread-safe; `file` must outlive this and is written by nobody else.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "io/file.h"
#include "volume/config.h"
#include "volume/format.h"

namespace farm::volume {

enum class Purpose {
  kRecord,
  kTombstone,  // may use the last space, which records must leave: a full disk can be tidied
};

struct Place {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;        // frame_bytes() of it
  std::uint64_t durable_end = 0;  // to be told in the frame's header
  std::uint64_t ticket = 0;
};

class Appender {
 public:
  // All frames before an offset, and what they are in sum.
  struct Frames {
    std::uint64_t end = kFirstFrame;
    Footer totals;
  };

  // `present.end` is where the next frame goes: all before it is durable, and a frame tells so.
  // `size` is the file's length; what lies between reads as zeros.
  Appender(io::File& file, const Frames& present, std::uint64_t size, const Config& config);

  // Nothing if the volume is full or closed. kNoSpace if the disk is, and then nothing has changed.
  Result<std::optional<Place>> reserve(std::uint64_t payload_bytes, Purpose purpose);

  // To be called once for every place, with the frame's header and the result of writing it.
  // Returns once a sync that began after the call has ended. Any error closes the volume for good.
  Result<void> commit(const Place& place, const FrameHeader& header, Result<void> written);

  // Takes no more, waits until all places are committed, and returns where the frames end; an error
  // if any place was lost. Twice is fine.
  Result<std::uint64_t> finish();

  bool open() const;                     // would take a small frame
  std::optional<Error> error() const;    // what closed it
  std::uint64_t end() const;             // behind the last place given out
  Frames durable() const;                // without a gap, on the disk
  std::uint64_t unmarked_bytes() const;  // of frames whose durability no later frame tells yet
  std::uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }

 private:
  struct Pending {
    std::uint64_t end = 0;
    bool written = false;
    FrameType type = FrameType::kFiller;
    std::uint64_t sequence = 0;
    std::uint64_t payload_bytes = 0;
  };

  Result<void> allocate(std::uint64_t need);
  void mark_written(const Place& place, const FrameHeader& header);
  Result<void> wait_for_sync(std::unique_lock<std::mutex>& lock, std::uint64_t bytes);
  void sync_as_leader(std::unique_lock<std::mutex>& lock);
  void close(Error error);

  io::File& file_;
  const Config config_;
  const std::uint64_t tombstone_reserve_;
  std::atomic<std::uint64_t> syncs_{0};

  mutable std::mutex mutex_;
  std::uint64_t end_;
  std::uint64_t allocated_;
  std::uint64_t mark_;
  bool closed_ = false;
  bool sync_failed_ = false;
  std::optional<Error> error_;
  std::uint64_t users_ = 0;  // places given out and not yet committed
  std::condition_variable idle_;

  // Places in the order of the file. What is written up to the first that is not may be called
  // durable after the next sync.
  std::deque<Pending> pending_;
  std::uint64_t first_ticket_ = 0;
  Frames written_;
  Frames durable_;

  // Rounds of syncing. Who has written joins the round that has not begun.
  std::uint64_t writing_ = 0;         // places whose bytes are still being written
  std::uint64_t gathered_bytes_ = 0;  // written since the last round began
  std::uint64_t next_round_ = 1;
  std::uint64_t done_round_ = 0;
  bool leader_ = false;
  std::condition_variable gather_;                // the leader waits for writers
  std::array<std::condition_variable, 2> round_;  // writers wait for their round, even or odd
};

}  // namespace farm::volume
