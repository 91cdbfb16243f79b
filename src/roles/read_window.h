// How much of a record to read at once, so that one read brings the header and the size that is
// wanted. How far the larger sizes reach differs much from photo to photo: the store knows it of
// each one, once its header was read. Where it does not, what was learnt from all records decides:
// small sizes come first, but how far they reach differs from farm to farm. One for each network
// thread; not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "photo/size_code.h"
#include "store/record_reader.h"

namespace farm::roles {

class ReadWindow {
 public:
  static constexpr std::size_t kLeast = 2 << 10;  // a header, as a rule
  // Up to here a guess costs little.
  static constexpr std::size_t kMostGuessed = 32 << 10;
  // A code that ends further in, on average, is no small size: its own range in a second read is
  // cheaper than all before it.
  static constexpr std::size_t kMostMean = 128 << 10;

  store::Window of(photo::SizeCode code) const { return {guess(reach_[index(code)]), code}; }

  // A size of that code was found to end `end` bytes into its record.
  void learn(photo::SizeCode code, std::uint64_t end) {
    Reach& reach = reach_[index(code)];
    const double value = static_cast<double>(std::min<std::uint64_t>(end, 4 * kMostMean));
    if (!reach.known) reach = {value, value / 4, true};
    const double off = value - reach.mean;
    reach.mean += kWeight * off;
    reach.deviation += kWeight * ((off < 0 ? -off : off) - reach.deviation);
  }

 private:
  // As TCP guesses round trips (RFC 6298): a running mean and mean deviation. Four deviations above
  // the mean cover nearly all, 1.5 about nine of ten.
  static constexpr double kWeight = 1.0 / 64;
  static constexpr double kWideSpread = 4;
  static constexpr double kWideBytes = 8 << 10;  // which costs next to nothing so far
  static constexpr double kSpread = 1.5;

  struct Reach {
    double mean = 0;
    double deviation = 0;
    bool known = false;
  };

  static std::size_t guess(const Reach& reach) {
    if (!reach.known || reach.mean > static_cast<double>(kMostMean)) return kLeast;
    const double wide = std::min(reach.mean + kWideSpread * reach.deviation, kWideBytes);
    const double wanted = std::max(reach.mean + kSpread * reach.deviation, wide);
    if (wanted > static_cast<double>(kMostGuessed)) return kLeast;
    return std::clamp((static_cast<std::size_t>(wanted) + 511) / 512 * 512, kLeast, kMostGuessed);
  }
  static std::size_t index(photo::SizeCode code) {
    return static_cast<std::size_t>(&photo::spec_of(code) - photo::kSizes.data());
  }
  std::array<Reach, photo::kSizes.size()> reach_{};
};

}  // namespace farm::roles
