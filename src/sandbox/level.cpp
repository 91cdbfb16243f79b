#include "sandbox/level.h"

namespace farm::sandbox {

std::vector<std::string> Level::missing() const {
  std::vector<std::string> what;
  if (!filter) what.emplace_back("system calls are not filtered (seccomp)");
  if (!namespaces) what.emplace_back("no network and mounts of their own (user namespaces)");
  if (!no_files) what.emplace_back("the file system is not hidden");
  if (!limits) what.emplace_back("memory and CPU time are not limited (prlimit)");
  return what;
}

std::uint32_t Level::bits() const {
  return (filter ? 1U : 0U) | (namespaces ? 2U : 0U) | (no_files ? 4U : 0U) | (limits ? 8U : 0U);
}

Level Level::of_bits(std::uint32_t bits) {
  return {.filter = (bits & 1U) != 0,
          .namespaces = (bits & 2U) != 0,
          .no_files = (bits & 4U) != 0,
          .limits = (bits & 8U) != 0};
}

}  // namespace farm::sandbox
