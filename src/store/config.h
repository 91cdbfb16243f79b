// What can be set of the store: the table [store] of the configuration.
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "config/document.h"
#include "volume/config.h"

namespace farm::store {

struct Config {
  // Data directories, one a disk; new volumes go to the emptiest. Empty: the program's data
  // directory alone. Directories may be added at a restart, never taken away.
  std::vector<std::filesystem::path> paths;
  volume::Config volume;

  // A size of at most so many bytes is read together with its record's header, by one read. The
  // most that makes sense is what a network thread's buffer takes.
  std::uint64_t read_window = 64 << 10;

  // Upkeep in the background: checkpoints, compaction, scrub. Off only where a test does it itself.
  bool upkeep = true;
  // A volume is rewritten when this part of it is garbage (percent) ...
  unsigned compact_garbage = 30;
  // ... or when the oldest of its garbage is this old: deleted photos are gone from the disks
  // within this time and that of a few rewrites.
  std::chrono::milliseconds erase_within = std::chrono::days{7};
  // The index is written to disk so often, if it changed: a start after a crash reads the rest.
  std::chrono::milliseconds checkpoint_every = std::chrono::minutes{10};
  // Every record is read back and checked once in this time, at most at this rate (bytes a second).
  std::chrono::milliseconds scrub_every = std::chrono::days{30};
  std::uint64_t scrub_rate = std::uint64_t{16} << 20;
};

// Keys: paths, read_window, volume_size, preallocate, commit_wait, commit_size, compact_garbage,
// compact_rate, erase_within, checkpoint_every, scrub_every, scrub_rate.
void read_config(config::Table table, Config& out);

}  // namespace farm::store
