#include "sandbox/death.h"

#include <csignal>

#include "config/quantity.h"

namespace farm::sandbox {
namespace {

std::string memory_text(const Limits& limits) {
  return config::size_to_text(static_cast<std::int64_t>(limits.memory_bytes));
}

}  // namespace

std::string_view to_string(Death death) {
  switch (death) {
    case Death::kCrash:
      return "crash";
    case Death::kForbidden:
      return "forbidden";
    case Death::kCpu:
      return "cpu";
    case Death::kWall:
      return "wall";
    case Death::kKilled:
      return "killed";
    case Death::kExit:
      return "exit";
    case Death::kLie:
      return "lie";
    case Death::kStale:
      return "stale";
    case Death::kIdle:
      return "idle";
    case Death::kNoStart:
      return "no_start";
  }
  return "unknown";
}

std::string sentence(Death death, int signal, const Limits& limits) {
  switch (death) {
    case Death::kCrash:
      // How the libraries end that cannot do without memory.
      if (signal == SIGABRT || signal == SIGTRAP) {
        return "its worker crashed, or needed over " + memory_text(limits) + " of memory";
      }
      return "its worker crashed (signal " + std::to_string(signal) + ")";
    case Death::kForbidden:
      return "its worker tried what it may not";
    case Death::kCpu:
      return "it took over " + config::duration_to_text(limits.cpu) + " of CPU time";
    case Death::kWall:
      return "it took over " + config::duration_to_text(limits.wall);
    case Death::kKilled:
      return "its worker was killed, twice; the machine may be out of memory";
    case Death::kExit:
    case Death::kLie:
    case Death::kStale:
    case Death::kIdle:
    case Death::kNoStart:
      break;
  }
  return "its worker ended without an answer";
}

}  // namespace farm::sandbox
