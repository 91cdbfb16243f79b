// Wall time, and the calling thread's CPU time, since it was made.
#pragma once

#include <chrono>
#include <ctime>

namespace farm::bench {

class Stopwatch {
 public:
  double wall_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  double thread_cpu_s() const { return cpu_now_s() - cpu_began_s_; }

 private:
  static double cpu_now_s() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  }
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  double cpu_began_s_ = cpu_now_s();
};

}  // namespace farm::bench
