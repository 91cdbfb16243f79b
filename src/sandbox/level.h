// How far a worker is locked down: it differs by what the kernel and a container allow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace farm::sandbox {

struct Level {
  bool filter = false;      // seccomp: no system call but those that computing takes
  bool namespaces = false;  // network, mounts, IPC and host name of its own, empty
  bool no_files = false;    // its file system is an empty folder
  bool limits = false;      // rlimits, raised job by job by the parent

  bool whole() const { return filter && namespaces && no_files && limits; }
  // What is not there, a phrase each, for the log and /healthz.
  std::vector<std::string> missing() const;

  std::uint32_t bits() const;
  static Level of_bits(std::uint32_t bits);
  bool operator==(const Level&) const = default;
};

}  // namespace farm::sandbox
