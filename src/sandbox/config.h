// What a pool of workers is made with. Plain values, checked by Pool::start().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace farm::sandbox {

// Of one job. What is over them ends the worker, and the job with it.
struct Limits {
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;  // address space besides what it began with
  std::chrono::milliseconds cpu{20'000};                // CPU time, rounded up to whole seconds
  std::chrono::milliseconds wall{30'000};
};

struct Config {
  std::string name = "sandbox";  // in metrics (photofarm_NAME_workers) and the log
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments;    // after the program's name; they make it a worker
  std::vector<std::string> environment;  // NAME=VALUE; they get nothing of the parent's
  std::size_t workers = 1;               // processes, at least 1
  bool required = false;                 // a worker that is not wholly locked down is not used
  std::uint32_t jobs_per_worker = 1000;  // then it is replaced; a fourth more or less, by chance
  std::uint64_t request_max_bytes = 128 << 20;
  std::uint64_t answer_max_bytes = 128 << 20;
  std::uint64_t keep_bytes = 16 << 20;  // of shared memory that a worker may hold between two jobs
  std::chrono::milliseconds start_patience{30'000};     // for a new worker to say that it is ready
  std::chrono::milliseconds checkout_patience{30'000};  // of a job, for a free worker
};

}  // namespace farm::sandbox
