// A pool of worker processes, started ahead, that do one job at a time each, far from everything
// that is worth something: no network, no files, little memory, little time. A worker that dies
// takes its job with it and nothing else, and is replaced at once.
//
// The workers are the program itself (Config::program and arguments), which then calls
// worker_main(). One thread of the pool starts and reaps them; callers' threads talk to them.
// Memory shared with a worker: at most Config::keep_bytes between two jobs, request and answer
// during one.
//
// Thread-safe. No run() may be under way when the pool is destroyed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "obs/metrics.h"
#include "sandbox/config.h"
#include "sandbox/level.h"

namespace farm::sandbox {

class Pool {
 public:
  struct Done {
    Bytes answer;                          // made by a worker: not to be trusted
    std::chrono::nanoseconds overhead{0};  // what the worker did not spend on it, as it says
  };

  // Starts the workers and waits for the first to be ready. kUnavailable if none gets so far, or
  // Config::required and it is not wholly locked down.
  static Result<std::unique_ptr<Pool>> start(Config config);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Does a job on one worker and waits for it. `request` is put together from its parts.
  // kUnprocessable, with a sentence about "it", if the job was too much or ended its worker; a
  // worker that was killed by somebody else is not the job's fault, which then gets a second one.
  // kTooLarge if request or answer do not fit; kBusy if no worker became free in time; kUnavailable
  // if none can be started.
  Result<Done> run(std::span<const ByteView> request, const Limits& limits);

  // Of the first worker that was ready; all are started alike.
  Level level() const;

  // Workers by state, deaths by reason, starts and replacements, as photofarm_NAME_….
  void collect(obs::Samples& out) const;

 private:
  class Impl;
  explicit Pool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace farm::sandbox
