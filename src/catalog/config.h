// The [catalog] table of the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "config/document.h"

namespace farm::catalog {

struct Config {
  std::filesystem::path path =
      {};  // of the SQLite file; empty: catalog.sqlite in the data directory
  std::chrono::milliseconds idempotency_keep = std::chrono::hours(24);  // of Idempotency-Keys
  std::uint64_t cache_bytes = 64 << 20;  // page cache of all connections together
  std::uint64_t max_bytes = 0;           // the file's bound; writes beyond get kNoSpace; 0: none
  std::uint32_t readers = 4;             // reads at once; more wait for one to end
  std::uint32_t write_queue = 1024;      // writes that may wait; more get kBusy
  std::uint32_t write_batch = 256;       // writes in one transaction at most
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);  // for another program's lock
};

void read_config(config::Table table, Config& out);

}  // namespace farm::catalog
