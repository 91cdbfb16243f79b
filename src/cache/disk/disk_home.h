// A disk's directory: taken for this process alone, and its head, which says what disk it is. Heads
// may be written and disowned by any thread; for the rest, one at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "cache/disk/segment_format.h"
#include "io/file.h"

namespace farm::cache {

class DiskHome {
 public:
  // Makes the directory if need be. kBusy if another process has it.
  static Result<std::unique_ptr<DiskHome>> open(io::FileSystem& files,
                                                std::filesystem::path directory);

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path checkpoint_path() const { return directory_ / "cache.checkpoint"; }

  // Nothing if there is no good one. Not while others write it.
  const std::optional<DiskHead>& head() const { return head_; }
  // Durable when it returns.
  Result<void> write_head(const DiskHead& head);
  // Removes all that a cache keeps there, the head first, durably.
  Result<void> clear();
  Result<void> remove_checkpoint();
  // As far as it can be done: the next start finds an empty disk. No head is written any more.
  void disown();

 private:
  DiskHome(io::FileSystem& files, std::filesystem::path directory)
      : files_(files), directory_(std::move(directory)) {}

  std::filesystem::path head_path() const { return directory_ / "cache.head"; }
  Result<void> remove(const std::filesystem::path& path);
  Result<void> read_head();

  io::FileSystem& files_;
  const std::filesystem::path directory_;
  std::unique_ptr<io::FileLock> lock_;
  std::mutex mutex_;
  std::optional<DiskHead> head_;
  bool disowned_ = false;
};

}  // namespace farm::cache
