// Range requests (RFC 9110 section 14). Pure; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace farm::net {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
  std::uint64_t length() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

class RangeSet {
 public:
  enum class Kind {
    kWhole,          // no Range, or one to be ignored: answer 200 with everything
    kRanges,         // answer 206
    kUnsatisfiable,  // answer 416
  };
  static constexpr std::size_t kMaxRanges = 16;

  Kind kind() const { return kind_; }
  std::span<const ByteRange> ranges() const { return {ranges_.data(), count_}; }

  // `value` of a Range header, for a representation of `length` bytes. What is malformed, of
  // another unit, over kMaxRanges, or asks for more than the whole is ignored (section 14.2 allows
  // that, section 17.15 wants it).
  static RangeSet parse(std::string_view value, std::uint64_t length);

 private:
  Kind kind_ = Kind::kWhole;
  std::size_t count_ = 0;
  std::array<ByteRange, kMaxRanges> ranges_;
};

}  // namespace farm::net
