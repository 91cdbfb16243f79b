// The keys of the [image] table that say where pictures are worked on.
#pragma once

#include "config/document.h"
#include "sandbox/config.h"

namespace farm::render {

enum class Sandbox {
  kRequired,   // no start without workers that are wholly locked down
  kPreferred,  // workers, locked down as far as the system lets us
  kOff,        // in this process: for debugging
};

struct Config {
#ifdef FARM_SANITIZED
  // Sanitizers watch one process, and are slow to start.
  static constexpr sandbox::Limits kLimits = {std::uint64_t{1} << 30, std::chrono::minutes(2),
                                              std::chrono::minutes(3)};
#else
  static constexpr sandbox::Limits kLimits = {std::uint64_t{2} << 30, std::chrono::seconds(20),
                                              std::chrono::seconds(30)};
#endif
  Sandbox sandbox = Sandbox::kPreferred;
  sandbox::Limits limits = kLimits;      // of one picture: 2GiB of memory, 20s of CPU time, 30s
  std::uint32_t jobs_per_worker = 1000;  // pictures; then the worker is replaced
};

// Keys: sandbox ("required", "preferred", "off"), worker_memory (a size), worker_cpu, worker_wall
// (times), worker_jobs.
void read_config(config::Table table, Config& out);

}  // namespace farm::render
