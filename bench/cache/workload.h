// Requests whose popularity is Zipf's (the n-th most popular object is asked for n^-alpha as often
// as the first), for objects of sizes as a photo service has them. The same every time.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace farm::bench {

class Zipf {
 public:
  Zipf(std::uint64_t objects, double alpha);
  // 0 is the most popular.
  std::uint64_t next() { return at(static_cast<double>(random_() >> 11U) * 0x1p-53); }
  std::uint64_t at(double share) const;  // share of the requests, 0 to 1

 private:
  std::vector<double> cumulative_;
  std::mt19937_64 random_{7};
};

// "VmRSS" or "VmHWM" (the highest it was) of this process, in bytes; proc(5).
std::uint64_t resident_bytes(const char* name);

// The second column of the file's lines, in their order; {24000} without a file.
std::vector<std::uint64_t> read_sizes(const std::string& file);

// Sizes of so many objects, drawn from the list without regard to popularity.
std::vector<std::uint64_t> draw_sizes(const std::vector<std::uint64_t>& from,
                                      std::uint64_t objects);

}  // namespace farm::bench
