// A benchmark that meets an error has nothing to measure: it says what happened and ends.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace farm::bench {

[[noreturn]] inline void give_up(const std::string& what) {
  std::fprintf(stderr, "farm_edge_bench: %s\n", what.c_str());
  std::exit(1);
}

// For system calls that return -1 and set errno.
template <class Number>
Number must(Number returned, const char* call) {
  if (returned < 0) give_up(std::string(call) + ": " + std::strerror(errno));
  return returned;
}

}  // namespace farm::bench
