// Why a worker is no more.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sandbox/config.h"

namespace farm::sandbox {

enum class Death {
  kCrash,      // a signal of its own making
  kForbidden,  // a system call that the filter does not let through
  kCpu,        // over Limits::cpu
  kWall,       // over Limits::wall
  kKilled,     // SIGKILL by somebody else: the kernel out of memory, or a person
  kExit,       // it ended by itself, or closed its socket
  kLie,        // what it answered cannot be
  kStale,      // it answered a job that was not asked
  kIdle,       // it died between two jobs
  kNoStart,    // before it said that it is ready
};
inline constexpr std::size_t kDeaths = 10;

std::string_view to_string(Death death);  // "crash", "forbidden", …: the label in the metrics

// For a person, about the job that was the worker's last: "its worker took over 30 s".
std::string sentence(Death death, int signal, const Limits& limits);

}  // namespace farm::sandbox
