// The embedded store's core: volumes in one or more data directories, and the index of what they
// hold. Payloads are opaque here; store/volume_store.h puts records in.
//
// Opening has two steps: open() takes the directories and finds the volumes, load() goes through
// them (or takes what a checkpoint knows of them), which may take long. Reading works beside
// load(): what is not known yet is kUnavailable. Changes work after it.
//
// Thread-safe. put() and remove() block until the disk has it; read() may block; try_read(),
// locate() and the counts do not.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "volume/change_gate.h"
#include "volume/checkpoint.h"
#include "volume/directory.h"
#include "volume/index.h"
#include "volume/read_epoch.h"
#include "volume/throttle.h"

namespace farm::volume {

struct MovedFrame;  // rewrite.h
struct Rewritten;

class VolumeSet {
 public:
  using Path = std::filesystem::path;

  struct Stats {
    Index::Counts index;
    std::uint64_t garbage_bytes = 0;
    std::uint64_t disk_free_bytes = 0;
    std::uint64_t volumes = 0;
    std::uint64_t syncs = 0;
    Millis checkpoint_ms = 0;           // of the newest on disk; 0: none
    std::vector<std::string> problems;  // a sentence each
  };

  struct IndexedRecord {
    PhotoId id;
    Location location;
  };

  // Bytes of volumes gone through, and of those in all that must be.
  struct LoadState {
    bool loaded = false;
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
  };

  struct Compaction {
    std::uint64_t bytes_before = 0;  // of the file
    std::uint64_t bytes_after = 0;
    std::vector<PhotoId> damaged;  // see Rewritten
  };

  // Makes the directories where they are missing, locks them, reads the volumes' superblocks. A
  // volume that cannot be read is left out and reported; kBusy if another process has a directory
  // open; kUnsupported if a newer photofarm wrote here. `files` and `clock` must outlive the set.
  static Result<std::unique_ptr<VolumeSet>> open(io::FileSystem& files, const Clock& clock,
                                                 const std::vector<Path>& directories,
                                                 const Config& config);
  // Closes what is open and leaves a checkpoint, so that the next start is quick.
  ~VolumeSet();

  // Once. Ends early, with kClosed, when `stop` is set. What is damaged is in stats().problems.
  Result<void> load(const std::atomic<bool>& stop);
  LoadState load_state() const;
  bool loaded() const { return loaded_.load(std::memory_order_acquire); }

  // kConflict if this or a newer version is there, or the photo was removed.
  Result<void> put(PhotoId id, std::uint32_t version, std::span<const ByteView> parts);
  // kNotFound if it is not there.
  Result<void> remove(PhotoId id);

  // Writes the removal of a photo once more: its tombstone is damaged.
  Result<void> renew_removal(PhotoId id);

  // While it is held, a Location that was found since stays readable: its volume is not taken away.
  [[nodiscard]] ReadEpoch::Hold hold() { return epoch_.enter(); }
  // kNotFound for what was never there and for what was removed, kConflict if another version than
  // `version` is there (0 takes any), kUnavailable if that is not known yet. Errors have no text: a
  // stranger may ask, and it would cost an allocation for each wrong guess.
  Result<Location> locate(PhotoId id, std::uint32_t version = 0) const;
  // The same without the reason.
  std::optional<Location> find(PhotoId id) const;
  // What the index has, removals too; for upkeep.
  std::optional<Location> entry(PhotoId id) const { return index_.find(id); }
  // Part of the payload; the caller keeps within its length.
  Result<void> read(const Location& location, std::uint64_t offset, MutableByteView out);
  std::optional<Result<void>> try_read(const Location& location, std::uint64_t offset,
                                       MutableByteView out);
  // The header of the frame at `location`; kCorrupt if it is not there or not this photo's.
  Result<FrameHeader> header_of(PhotoId id, const Location& location);

  // See Location::note; lost when volumes are gone through anew.
  void set_note(PhotoId id, std::uint32_t version, std::uint16_t note) {
    index_.set_note(id, version, note);
  }

  // As Index::for_each, without removed photos.
  bool for_each(const std::function<bool(PhotoId, const Location&)>& visit) const;
  std::vector<std::uint16_t> slots() const;  // of all volumes
  // The volume that was not read back for the longest time, and since when.
  struct ScrubAge {
    std::uint16_t slot = 0;
    Millis scrubbed_ms = 0;
  };
  std::optional<ScrubAge> oldest_scrub() const;
  void set_scrubbed(std::uint16_t slot);  // now
  // What counts in that volume now, removals too, in the order of the file.
  std::vector<IndexedRecord> entries_in(std::uint16_t slot) const;

  // Writes the index to disk, if it changed since the last time.
  Result<void> checkpoint();

  // The volumes worth rewriting, most garbage first: at least `ratio` of the file is garbage, or
  // the oldest of it was made so before `before_ms`. Those being written to are closed first.
  std::vector<std::uint16_t> compactable(double ratio, Millis before_ms);
  // Rewrites a volume without its garbage. Reads and changes go on meanwhile. Nothing has changed
  // after an error: kNoSpace if there is no room, kClosed if it was stopped.
  Result<Compaction> compact(std::uint16_t slot, Throttle& throttle);
  // Garbage that stays on the disks because its volume is damaged, or a disk did not take a sync:
  // what is beside it must not be lost with it.
  std::uint64_t stuck_garbage_bytes() const;

  Stats stats();

 private:
  static constexpr std::size_t kMaxVolumes = kNoSlot;
  using VolumeTable = std::array<std::atomic<Volume*>, kMaxVolumes>;

  VolumeSet(io::FileSystem& files, const Clock& clock, const Config& config);

  // volume_set_load.cpp
  struct Pending;
  Result<void> open_directories(const std::vector<Path>& paths);
  Result<void> open_volume(Directory& directory, const Path& path);
  Result<void> check_identity(const Volume& volume, const Path& path);
  void note_missing_volumes();
  void add_finding(std::string finding);
  void restore_checkpoint(std::vector<Pending>& pending);
  bool take_cover(const Cover& cover, std::vector<Pending>& pending, std::uint16_t& slot);
  void load_volume(const Pending& pending);
  void apply(const Slot& slot, std::uint64_t offset, const FrameHeader& header);
  bool is_certain(const Location& location) const;
  Path checkpoint_path() const { return directories_.front()->path() / "index.checkpoint"; }

  // volume_set_compact.cpp
  Result<Slot> add_rewritten(const Volume& old, Rewritten rewritten);
  void switch_over(std::uint16_t from_slot, const Slot& to, const std::vector<MovedFrame>& moved,
                   std::uint64_t frames_end);
  void take_out(std::uint16_t slot);
  bool is_unsettled() const;

  Result<Slot> make_volume(Directory& directory);
  Result<Slot> add(std::unique_ptr<Volume> volume);
  Result<Location> append(FrameHeader header, std::span<const ByteView> payload);
  Result<Location> append_tombstone(PhotoId id, std::uint32_t version);
  void retire(const Location& location, Millis since_ms);
  Volume& volume_at(std::uint16_t slot) const {
    return *(*table_)[slot].load(std::memory_order_acquire);
  }

  mutable ReadEpoch epoch_;  // first, as it is aligned to cache lines
  io::FileSystem& files_;
  const Clock& clock_;
  const Config config_;
  std::vector<std::unique_ptr<Directory>> directories_;
  std::vector<Directory*> homes_;  // by slot, of the volumes that opening found

  Index index_;
  ChangeGate gate_;
  std::atomic<std::uint64_t> sequence_{0};  // the last one given

  std::atomic<bool> loaded_{false};
  std::atomic<std::uint64_t> load_done_{0};
  std::atomic<std::uint64_t> load_total_{0};
  // No frame that was not gone through yet has a greater sequence.
  std::atomic<std::uint64_t> unloaded_sequence_{~std::uint64_t{0}};

  // A reader finds a volume by its slot without a lock; the epoch keeps it there while he reads.
  std::unique_ptr<VolumeTable> table_;
  mutable std::mutex make_mutex_;                 // guards what follows
  std::vector<std::unique_ptr<Volume>> volumes_;  // by slot; null where a slot is free
  std::vector<std::uint16_t> free_slots_;
  std::vector<std::string> findings_;
  std::uint32_t unreadable_volumes_ = 0;
  Uuid store_{};
  std::uint32_t last_number_ = 0;

  // One checkpoint or compaction at a time: slots are taken out by nobody else.
  std::mutex maintenance_mutex_;
  std::uint64_t checkpoint_sequence_ = 0;  // what the checkpoint on disk knows
  bool checkpoint_stale_ = false;          // it does not know a volume as it is now
  std::atomic<Millis> checkpoint_ms_{0};
};

}  // namespace farm::volume
