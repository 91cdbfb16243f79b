// How far into a record its sizes reach, in 15 bits: little enough to be kept in memory for every
// photo, so that one read brings header and size and hardly more. Made by who sees the header; a
// hint only. Pure; thread-safe.
#pragma once

#include <cstdint>

#include "photo/record.h"

namespace farm::store {

class Reach {
 public:
  Reach() = default;  // nothing is known
  // `window`: the most bytes that a size may have to be read together with the header.
  static Reach of(const photo::RecordView& view, std::uint64_t window = kUsualWindow);
  static constexpr std::uint64_t kUsualWindow = 64 << 10;
  static Reach from_bits(std::uint16_t bits) { return Reach(bits); }  // of 15

  std::uint16_t bits() const { return bits_; }
  bool is_known() const { return bits_ != 0; }

  // How many of the record's first bytes hold the header and that size, rounded up by a fifth at
  // most. Kept for the sizes m - b; 0 for others, and where one read is not worth it: the size is
  // over the window, or ends behind kFarthestBytes.
  std::uint32_t bytes_for(photo::SizeCode code) const;
  static constexpr std::uint32_t kFarthestBytes = 215 << 10;

 private:
  explicit Reach(std::uint16_t bits) : bits_(bits) {}
  std::uint16_t bits_ = 0;  // five for each of three sizes
};

}  // namespace farm::store
