// The embedded store's core: volumes in one or more data directories, and the index of what they
// hold. Payloads are opaque here; store/volume_store.h puts records in.
//
// Thread-safe. put() and remove() block until the disk has it; read() may block; try_read(), find()
// and the counts do not.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "volume/change_gate.h"
#include "volume/directory.h"
#include "volume/index.h"

namespace farm::volume {

class VolumeSet {
 public:
  using Path = std::filesystem::path;

  struct Stats {
    Index::Counts index;
    std::uint64_t garbage_bytes = 0;
    std::uint64_t disk_free_bytes = 0;
    std::uint64_t volumes = 0;
    std::uint64_t syncs = 0;
    std::vector<std::string> problems;  // a sentence each
  };

  struct IndexedRecord {
    PhotoId id;
    Location location;
  };

  // Makes the directories where they are missing, locks them, goes through their volumes. A volume
  // that cannot be read is left out and reported; kBusy if another process has a directory open;
  // kUnsupported if a newer photofarm wrote here. `files` and `clock` must outlive the set.
  static Result<std::unique_ptr<VolumeSet>> open(io::FileSystem& files, const Clock& clock,
                                                 const std::vector<Path>& directories,
                                                 const Config& config);
  ~VolumeSet();

  // kConflict if this or a newer version is there, or the photo was removed.
  Result<void> put(PhotoId id, std::uint32_t version, std::span<const ByteView> parts);
  // kNotFound if it is not there.
  Result<void> remove(PhotoId id);

  // Nothing for what was never there and for what was removed.
  std::optional<Location> find(PhotoId id) const;
  // Part of the payload; the caller keeps within its length.
  Result<void> read(const Location& location, std::uint64_t offset, MutableByteView out);
  std::optional<Result<void>> try_read(const Location& location, std::uint64_t offset,
                                       MutableByteView out);
  // The header of the frame at `location`; kCorrupt if it is not there or not this photo's.
  Result<FrameHeader> header_of(PhotoId id, const Location& location);

  // As Index::for_each, without removed photos.
  bool for_each(const std::function<bool(PhotoId, const Location&)>& visit) const;
  std::uint16_t slot_count() const { return slot_count_.load(std::memory_order_acquire); }
  // What lives in that volume now, in the order of the file.
  std::vector<IndexedRecord> records_in(std::uint16_t slot) const;

  Stats stats();

 private:
  static constexpr std::size_t kMaxVolumes = 65'535;  // what Location::slot can tell
  using VolumeTable = std::array<std::atomic<Volume*>, kMaxVolumes>;

  VolumeSet(io::FileSystem& files, const Clock& clock, const Config& config);

  Result<void> open_directories(const std::vector<Path>& paths);
  Result<void> open_volume(Directory& directory, const Path& path);
  Result<void> check_identity(const Volume& volume, const Path& path);
  void note_missing_volumes();
  void apply(const Slot& slot, std::uint64_t offset, const FrameHeader& header);
  bool is_older(const FrameHeader& header, const Location& present);

  Result<Slot> make_volume(Directory& directory);
  Result<Slot> add(std::unique_ptr<Volume> volume);
  Result<Location> append(FrameHeader header, std::span<const ByteView> payload);
  void retire(const Location& location);
  Volume& volume_at(std::uint16_t slot) const {
    return *(*table_)[slot].load(std::memory_order_acquire);
  }

  io::FileSystem& files_;
  const Clock& clock_;
  const Config config_;
  std::vector<std::unique_ptr<Directory>> directories_;
  std::vector<std::string> findings_;  // of opening
  std::uint32_t unreadable_volumes_ = 0;

  Index index_;
  ChangeGate gate_;
  std::atomic<std::uint64_t> sequence_{0};  // the last one given

  // Slots are given once and their volumes live as long as the set, so that a reader needs no lock.
  std::unique_ptr<VolumeTable> table_;
  std::atomic<std::uint16_t> slot_count_{0};
  std::mutex make_mutex_;  // guards what follows
  std::vector<std::unique_ptr<Volume>> volumes_;
  Uuid store_{};
  std::uint32_t last_number_ = 0;
};

}  // namespace farm::volume
