// What can be set of the store: the table [store] of the configuration.
#pragma once

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
};

// Keys: paths, volume_size, preallocate, commit_wait, commit_size.
void read_config(config::Table table, Config& out);

}  // namespace farm::store
