// The index on disk (docs/formats/checkpoint.md), so that opening need not go through every volume:
// what it covers of each volume, and the entries. It can be thrown away at any time: volumes hold
// all that is in it.
#pragma once

#include <filesystem>
#include <vector>

#include "io/file.h"
#include "volume/format.h"
#include "volume/index.h"

namespace farm::volume {

inline constexpr std::uint16_t kNoSlot = 0xffff;

// What is known of a volume up to an offset, so that only what follows has to be looked at.
struct Cover {
  Uuid uuid{};
  std::uint64_t generation = 0;
  std::uint32_t number = 0;
  bool closed = false;    // a footer stood before `end`
  std::uint64_t end = 0;  // every frame before it is in the index, or garbage
  Footer totals;          // of the frames before it
  std::uint64_t garbage_bytes = 0;
  Millis oldest_garbage_ms = 0;  // 0: none
  Millis scrubbed_ms = 0;        // when all of it was last read back, or made
};

struct CheckpointHead {
  Uuid store{};
  std::uint64_t last_sequence = 0;  // at least that of every frame covered
  Millis made_ms = 0;
  std::vector<Cover> volumes;
};

// Durable when it returns: made beside the old one and renamed over it. `rows` tells by a volume's
// slot which of head.volumes it is; entries in volumes that are in no row (kNoSlot, or behind its
// end) are left out. Others may change the index meanwhile: what they change is found in the
// volumes, behind the covers, which were taken before.
Result<void> write_checkpoint(io::FileSystem& files, const std::filesystem::path& path,
                              const CheckpointHead& head, const Index& index,
                              const std::vector<std::uint16_t>& rows);

class CheckpointReader {
 public:
  // kNotFound if there is none; kCorrupt or kUnsupported if it is not to be used.
  static Result<CheckpointReader> open(io::FileSystem& files, const std::filesystem::path& path);
  const CheckpointHead& head() const { return head_; }

  // Into an empty index. `slots` tells for each of head().volumes its slot now; the entries of
  // those with kNoSlot are left out. After an error the index is not to be used.
  Result<void> read_entries(const std::vector<std::uint16_t>& slots, Index& index);

 private:
  CheckpointReader(std::unique_ptr<io::File> file, CheckpointHead head, std::uint64_t entries_at,
                   std::uint64_t size)
      : file_(std::move(file)), head_(std::move(head)), entries_at_(entries_at), size_(size) {}

  Result<std::vector<IndexEntry>> read_shard(std::size_t shard, std::uint64_t& at);

  std::unique_ptr<io::File> file_;
  CheckpointHead head_;
  std::uint64_t entries_at_;
  std::uint64_t size_;
};

}  // namespace farm::volume
