// Latencies in a histogram of fixed size: buckets grow with the value, so that each is told to
// about one percent. From 1 µs to an hour; what is outside counts as the nearest of these.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace farm::bench {

class Latencies {
 public:
  void add_us(std::int64_t us) {
    const auto value = static_cast<std::uint64_t>(std::clamp<std::int64_t>(us, 1, 3'600'000'000));
    ++counts_[bucket_of(value)];
    ++count_;
    max_us_ = std::max(max_us_, value);
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t max_us() const { return max_us_; }

  // The value that this share of all does not exceed (0.99: p99), in µs; 0 where there are none.
  std::uint64_t at(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t n = 0; n < counts_.size(); ++n) {
      seen += counts_[n];
      if (seen > wanted) return std::min(highest_in(n), max_us_);
    }
    return max_us_;
  }

 private:
  // Values below 128 have a bucket each; above, 64 buckets for each doubling.
  static constexpr unsigned kBits = 6;
  static std::size_t bucket_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > kBits + 1 ? width - (kBits + 1) : 0;
    return (std::size_t{shift} << kBits) + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t highest_in(std::size_t bucket) {
    if (bucket < (2U << kBits)) return bucket;
    const std::size_t shift = (bucket >> kBits) - 1;
    const std::uint64_t low = (bucket & ((1U << kBits) - 1)) + (1U << kBits);
    return ((low + 1) << shift) - 1;
  }

  std::array<std::uint64_t, 64 * 36> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_us_ = 0;
};

}  // namespace farm::bench
