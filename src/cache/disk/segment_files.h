// The segments of one disk as files of one directory, and reading objects from them.
// Writing (SegmentStore) is for one thread; get() for all.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "cache/disk/segment_log.h"
#include "cache/disk/segment_reader.h"
#include "io/file.h"

namespace farm::cache {

struct SegmentFile {
  std::unique_ptr<io::File> file;
  SegmentId id;
  std::filesystem::path path;
};

// The object of a record, checked: that it belongs there, and every byte. Its record's head and
// payload were read into `room`, whose lead is kRecordHeadBytes. Empty if anything is wrong.
ObjectRef object_in(ObjectRoom& room, const SegmentId& segment, std::uint64_t hash);

class SegmentFiles final : public SegmentStore {
 public:
  SegmentFiles(io::FileSystem& files, std::filesystem::path directory, std::uint64_t disk)
      : files_(files), directory_(std::move(directory)), disk_(disk) {}

  static std::string name_of(std::uint64_t sequence);  // "000000000042.segment"
  // 0 if it is none.
  static std::uint64_t sequence_of(const std::string& name);

  // Held by who reads from it; null if the slot is free.
  std::shared_ptr<const SegmentFile> get(std::uint32_t slot) const;

  // One that is there already; get(slot) knows it then.
  Result<void> open(std::uint32_t slot, std::uint64_t sequence);
  // Makes sure that what was written to it survives a loss of power.
  Result<void> sync(std::uint32_t slot);
  void forget_all();  // leaves the files where they are

  Result<void> create(std::uint32_t slot, std::uint64_t sequence, std::uint64_t bytes) override;
  Result<void> write(std::uint32_t slot, std::uint32_t offset,
                     std::span<const LogRecord> records) override;
  Result<std::uint64_t> close(std::uint32_t slot, std::uint32_t end,
                              std::span<const SegmentEntry> entries) override;
  Result<std::vector<SegmentEntry>> entries(std::uint32_t slot) override;
  Result<void> carry(std::uint64_t hash, const Location& from, const Location& to) override;
  void remove(std::uint32_t slot) override;

 private:
  std::filesystem::path path_of(std::uint64_t sequence) const {
    return directory_ / name_of(sequence);
  }
  void set(std::uint32_t slot, std::shared_ptr<const SegmentFile> file);

  io::FileSystem& files_;
  const std::filesystem::path directory_;
  const std::uint64_t disk_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const SegmentFile>> slots_;
};

}  // namespace farm::cache
