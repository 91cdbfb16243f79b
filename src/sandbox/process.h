// One worker, seen from its parent: started, spoken to, ended. What it says is not trusted.
// For one thread at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "sandbox/area.h"
#include "sandbox/config.h"
#include "sandbox/death.h"
#include "sandbox/level.h"
#include "sandbox/wire.h"

namespace farm::sandbox {

class Process {
 public:
  // Starts it; it is not ready yet. The worker ends with the thread that calls this.
  // kUnavailable if the system does not let us.
  static Result<std::unique_ptr<Process>> spawn(const Config& config);
  ~Process();  // as end()
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int socket() const { return socket_.get(); }  // readable when it is ready, or no more
  pid_t pid() const { return pid_; }            // -1 once it has ended
  int pid_fd() const { return pid_fd_.get(); }  // readable when it has ended; -1 on old kernels

  // Once socket() is readable: how far it is locked down. kUnavailable if it ended instead.
  Result<Level> greet();

  // What came of a job: bytes, or how the worker ended (it is reaped then).
  struct Outcome {
    std::optional<Death> death;
    int signal = 0;
    Status status = Status::kDone;
    Bytes answer;
    std::chrono::nanoseconds worked{0};  // as the worker says
  };
  // `request` is put together from its parts, which have request_max_bytes at most.
  Outcome run(std::span<const ByteView> request, const Limits& limits);

  // Jobs done so far.
  std::uint32_t jobs() const { return jobs_; }
  // Whether it holds on to so much that the next job would miss it.
  bool grown(const Limits& limits) const;

  // Kills and reaps it, if that was not done yet.
  void end();

 private:
  explicit Process(const Config& config, Area area)
      : keep_bytes_(config.keep_bytes), area_(std::move(area)) {}
  Result<void> launch(const Config& config);
  bool set_limits(const Limits& limits);
  Outcome died(Death unless_it_says);
  bool wait_for_end(std::chrono::milliseconds patience);
  std::uint64_t address_space_now() const;

  const std::uint64_t keep_bytes_;
  Area area_;
  Fd socket_;
  Fd pid_fd_;
  Fd statm_;
  pid_t pid_ = -1;
  int wait_code_ = 0;    // CLD_EXITED, CLD_KILLED, …, once it is reaped
  int wait_status_ = 0;  // its exit code, or the signal
  std::uint64_t address_space_at_start_ = 0;
  std::uint64_t memory_limit_ = 0;  // that is in force
  std::uint32_t jobs_ = 0;
  std::uint64_t last_number_ = 0;
};

}  // namespace farm::sandbox
