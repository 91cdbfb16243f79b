// One data directory, on one disk: DIR/lock, held while it is open, and DIR/volumes/NNNNNN.vol. It
// knows which of its volumes take frames, makes a new one when they are full or have failed, and
// gives up on a disk that fails again and again. Thread-safe.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "volume/volume.h"

namespace farm::volume {

// A volume and its place in the table that the index points into. The table owns it.
struct Slot {
  Volume* volume = nullptr;
  std::uint16_t number = 0;
};

class Directory {
 public:
  using Path = std::filesystem::path;
  // Makes a volume in the directory and registers it.
  using MakeVolume = std::function<Result<Slot>(Directory&)>;

  // Makes it where it is missing. kBusy, naming the process, if another one has it open.
  static Result<std::unique_ptr<Directory>> open(io::FileSystem& files, const Path& path);

  const Path& path() const { return path_; }
  Path volume_path(std::uint32_t number) const;
  // The volume files it has, by name. Removes drafts of volumes that were never finished, if it
  // can, and makes sure that the disk knows the names: who made a file may have been killed before
  // he did.
  Result<std::vector<Path>> volume_files();
  // Whether it does.
  bool names_are_durable() const { return names_are_durable_; }

  void add_writable(const Slot& slot);
  // A volume could only be opened for reading: tells so until an append works.
  void note_reads_only();
  // Closes those of the volumes it writes to for which `which` says so: the next frame goes to
  // another one.
  void seal_writable(const std::function<bool(const Volume&)>& which);

  struct Appended {
    Slot slot;
    std::uint64_t offset = 0;  // of the payload
  };
  // Durable when it returns.
  Result<Appended> append(const FrameHeader& header, std::span<const ByteView> payload,
                          const MakeVolume& make);

  // What is left of the disk, and how much of it is likely left by now without asking again.
  Result<std::uint64_t> free_bytes();
  std::uint64_t free_estimate() const { return free_estimate_.load(std::memory_order_relaxed); }
  // Why the last append failed; nothing if it did not.
  std::optional<std::string> trouble() const;

 private:
  Directory(io::FileSystem& files, Path path, std::unique_ptr<io::FileLock> lock);

  struct Reserved {
    Slot slot;
    Place place;
  };
  Result<Reserved> reserve(std::uint64_t payload_bytes, Purpose purpose, const MakeVolume& make);
  void drop_failed();
  Result<Slot> make_writable(const MakeVolume& make);
  void note_outcome(const Result<void>& outcome);

  io::FileSystem& files_;
  const Path path_;
  const std::unique_ptr<io::FileLock> lock_;
  std::atomic<std::uint64_t> free_estimate_{0};
  std::atomic<bool> names_are_durable_{true};

  mutable std::mutex mutex_;
  std::vector<Slot> writable_;  // the newest last
  std::uint64_t failed_volumes_ = 0;
  std::string trouble_;
};

}  // namespace farm::volume
