// Where a disk has a record: which of its segments, and where in it. Everything in a segment lies
// at multiples of kUnitBytes, so that a location takes eight bytes with the bit that tells whether
// it was read. Values only.
#pragma once

#include <cstdint>

namespace farm::cache {

inline constexpr std::uint64_t kUnitBytes = 64;

struct Location {
  static constexpr std::uint32_t kMaxSlots = 1 << 20;
  static constexpr std::uint32_t kMaxUnits = 1 << 21;  // of a record; a segment has twice as many
  static constexpr std::uint64_t kMaxSegmentBytes = 2 * kMaxUnits * kUnitBytes;

  std::uint32_t slot = 0;    // the segment's, below kMaxSlots; used again when it is gone
  std::uint32_t offset = 0;  // in units
  std::uint32_t length = 0;  // in units, with the record's header; at least 1, below kMaxUnits

  bool operator==(const Location&) const = default;

  // Never 0.
  std::uint64_t packed(bool hit) const {
    return std::uint64_t{slot} << 44U | std::uint64_t{offset} << 22U | std::uint64_t{length} << 1U |
           static_cast<std::uint64_t>(hit);
  }
  static Location unpacked(std::uint64_t bits) {
    return {.slot = static_cast<std::uint32_t>(bits >> 44U),
            .offset = static_cast<std::uint32_t>(bits >> 22U & (2 * kMaxUnits - 1)),
            .length = static_cast<std::uint32_t>(bits >> 1U & (kMaxUnits - 1))};
  }
};

inline std::uint64_t units_of(std::uint64_t bytes) { return (bytes + kUnitBytes - 1) / kUnitBytes; }

}  // namespace farm::cache
