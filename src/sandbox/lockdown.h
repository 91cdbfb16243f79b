// The walls around a worker, put up in three steps from inside. Only in a worker: all of it is for
// good. Not thread-safe.
//
//   1. begin(), with one thread: namespaces of its own, then no privilege for this thread and all
//      that it makes. One helper thread keeps what the next step needs.
//   2. (the worker loads and initialises what it needs from the file system)
//   3. finish(): an empty file system, limits, the seccomp filter over all threads.
//
// A program built with a sanitizer only takes the limits that those can live with: they reserve
// terabytes of address space, and read /proc and start processes to report what they found.
#pragma once

#include <memory>

#include "sandbox/level.h"

namespace farm::sandbox {

class Lockdown {
 public:
  static Lockdown begin();
  Level finish();  // what was reached
  Lockdown(Lockdown&&) noexcept;
  ~Lockdown();

 private:
  struct Helper;
  Lockdown();
  Level level_;
  std::unique_ptr<Helper> helper_;
};

// The seccomp filter alone, over all threads of the process: everything but what computing takes
// ends the process; what libraries try without need gets an error. False if the kernel has none.
bool install_filter();

}  // namespace farm::sandbox
