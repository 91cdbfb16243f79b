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

struct MemoryOptions {
  WorkloadOptions workload;
  std::uint64_t memory = std::uint64_t{512} << 20;
  std::string policy = "s3fifo";
};
// Resident memory of a process that fills the tier several times over.
void measure_memory(const MemoryOptions& options);

}  // namespace farm::bench
