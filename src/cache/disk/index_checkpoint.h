// A disk's index in a file (docs/formats/cache-segment.md), so that a start need not read the end
// of every segment. It holds nothing that the segments do not, but for the notes of what was read.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "cache/disk/disk_index.h"
#include "io/file.h"

namespace farm::cache {

// A segment, and up to where the index knows it.
struct CheckpointRow {
  std::uint64_t sequence = 0;
  std::uint32_t slot = 0;  // when it was written
  std::uint32_t end = 0;   // in units; kWhole: it was closed
  static constexpr std::uint32_t kWhole = 0xffff'ffff;

  bool operator==(const CheckpointRow&) const = default;
};

// Durable when it returns; what the rows say must be durable before. Others may erase from the
// index meanwhile, but nobody may add to it.
Result<void> write_index_checkpoint(io::FileSystem& files, const std::filesystem::path& path,
                                    std::uint64_t disk, const std::vector<CheckpointRow>& rows,
                                    const DiskIndex& index);

// kNotFound if there is none; kCorrupt if it is not to be used, and then the index is not either.
// `slot_of` tells a row's slot now; entries of rows for which it says nothing are left out. It is
// asked only after `accepts` said of all rows that they will do.
struct CheckpointUse {
  std::function<bool(const std::vector<CheckpointRow>&)> accepts;
  std::function<std::optional<std::uint32_t>(const CheckpointRow&)> slot_of;
};
Result<std::vector<CheckpointRow>> read_index_checkpoint(io::FileSystem& files,
                                                         const std::filesystem::path& path,
                                                         std::uint64_t disk,
                                                         const CheckpointUse& use,
                                                         DiskIndex& index);

}  // namespace farm::cache
