// How large pictures are: the renditions a real photo service was asked for (QQPhoto), four classes
// of them, each with its share of the requests. From a trace where there is one, else from a table
// of that trace's quantiles.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace farm::bench {

using Random = std::mt19937_64;

class Sizes {
 public:
  enum Class : std::size_t { kTiny, kSmall, kMedium, kLarge };
  static constexpr std::size_t kClasses = 4;

  // `trace` as below, or the stated table if it is empty.
  static Sizes load(const std::string& trace) {
    return trace.empty() ? stated() : from_trace(trace);
  }
  // Lines of a class's letter (a, m, c, b) and a number of bytes. Ends the program if it has none.
  static Sizes from_trace(const std::string& path);
  static Sizes stated();

  std::uint64_t pick(Class of, Random& random) const;
  Class pick_class(Random& random) const;  // as often as it was asked for
  std::uint64_t pick(Random& random) const { return pick(pick_class(random), random); }

 private:
  std::array<std::vector<std::uint32_t>, kClasses> bytes_;  // values to draw from
  std::array<double, kClasses> share_{};
};

}  // namespace farm::bench
