// The parts of the benchmark, one a file. Each prints JSON objects, one a line; bench/cache.py
// makes the table.
#pragma once

#include <cstdint>
#include <string>

namespace farm::bench {

struct WorkloadOptions {
  std::string sizes;  // a trace's file, lines of a class and bytes; empty: 24,000 bytes each
  std::uint64_t objects = 400'000;
  double alpha = 1.0;
  std::uint64_t requests = 4'000'000;
};

struct HitsOptions {
  int rounds = 7;
  std::uint64_t objects = 20'000;
  std::uint64_t finds = 2'000'000;  // by each thread in each round
  double alpha = 1.0;
};
// Nanoseconds a hit, by one thread and by two, beside a map behind a mutex.
void measure_hits(const HitsOptions& options);

struct RatioOptions {
  WorkloadOptions workload;
  std::string shares = "5,10,20,30,40";  // percent of the bytes of all objects
};
void measure_ratios(const RatioOptions& options);

struct TiersOptions {
  WorkloadOptions workload;
  std::string shares = "1+4,1+9,2+8,5+15";  // percent in memory + percent on disk
};
// Hit ratios of memory and disk together, and what is written to the disk for it.
void measure_tiers(const TiersOptions& options);

struct DiskOptions {
  std::string sizes;      // as in WorkloadOptions
  std::string directory;  // made by who calls
  std::uint64_t bytes = std::uint64_t{20} << 30;
};
// Fills a disk tier; then is killed, or stops in order.
void fill_disk(const DiskOptions& options, bool killed);
// Opens it again: how long until it serves, and what it has.
void restart_disk(const DiskOptions& options);
// Both tiers with real bodies and files, under the workload: hits, bytes written, resident memory.
struct BothOptions {
  WorkloadOptions workload;
  DiskOptions disk;
  std::uint64_t memory = std::uint64_t{128} << 20;
};
void measure_both(const BothOptions& options);

struct MemoryOptions {
  WorkloadOptions workload;
  std::uint64_t memory = std::uint64_t{512} << 20;
  std::string policy = "s3fifo";
};
// Resident memory of a process that fills the tier several times over.
void measure_memory(const MemoryOptions& options);

}  // namespace farm::bench
