// The parts of the benchmark, one a file. Each makes what it needs under `work`, measures, and
// prints JSON objects, one a line; bench/store.py removes the folder, and makes the table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace farm::bench {

using Path = std::filesystem::path;

struct PutsOptions {
  std::string sizes;  // a trace's file; empty: the stated distribution
  int writers = 64;
  int rounds = 5;
  double seconds = 3;  // of each way in each round
};
void measure_puts(const Path& work, const PutsOptions& options);

struct ReadsOptions {
  std::string sizes;
  std::uint64_t photos = 20'000;
  std::size_t requests = 20'000;  // in one pass
  int rounds = 40;                // a pass each way
};
void measure_reads(const Path& work, const ReadsOptions& options);

// Puts the photos that measure_reads() reads, and reads each once `passes` times: for counting its
// system calls from outside.
struct SyscallOptions {
  ReadsOptions reads;
  int passes = 1;
};
void read_for_counting(const Path& work, const SyscallOptions& options);

struct FillOptions {
  std::uint64_t photos = 10'000'000;
  int writers = 4;
};
void fill(const Path& work, const FillOptions& options);

struct IndexOptions {
  std::uint64_t photos = 10'000'000;
};
void measure_index(const IndexOptions& options);

struct OpenOptions {
  bool cold = false;       // nothing of the volumes in the page cache
  bool checkpoint = true;  // may be used, if there is one; else it is removed
};
void measure_open(const Path& work, const OpenOptions& options);

struct CompactOptions {
  std::string sizes;
  std::uint64_t photos = 60'000;  // half of them are deleted
  double rate = 500;              // reads a second meanwhile
  double seconds = 20;            // of reads before, without compaction
};
void measure_compact(const Path& work, const CompactOptions& options);

}  // namespace farm::bench
