#include "workload.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace farm::bench {

Zipf::Zipf(std::uint64_t objects, double alpha) : cumulative_(objects) {
  double sum = 0;
  for (std::uint64_t n = 0; n < objects; ++n) {
    sum += std::pow(static_cast<double>(n + 1), -alpha);
    cumulative_[n] = sum;
  }
  for (double& share : cumulative_) share /= sum;
}

std::uint64_t Zipf::at(double share) const {
  const auto found = std::ranges::upper_bound(cumulative_, share);
  return std::min<std::uint64_t>(static_cast<std::uint64_t>(found - cumulative_.begin()),
                                 cumulative_.size() - 1);
}

std::vector<std::uint64_t> read_sizes(const std::string& file) {
  if (file.empty()) return {24'000};
  std::ifstream in(file);
  std::vector<std::uint64_t> sizes;
  std::string code;
  for (std::uint64_t bytes = 0; in >> code >> bytes;) sizes.push_back(bytes);
  if (sizes.empty()) {
    std::fprintf(stderr, "farm_cache_bench: there are no sizes in %s\n", file.c_str());
    std::exit(1);
  }
  return sizes;
}

std::vector<std::uint64_t> draw_sizes(const std::vector<std::uint64_t>& from,
                                      std::uint64_t objects) {
  std::mt19937_64 random{11};
  std::vector<std::uint64_t> sizes(objects);
  for (std::uint64_t& size : sizes) size = from[random() % from.size()];
  return sizes;
}

}  // namespace farm::bench
