// Several ranges in one answer: the body of a multipart/byteranges response (RFC 9110 section
// 14.6), but for the bytes themselves. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/byte_range.h"

namespace farm::net {

// "bytes 0-99/1234": the value of Content-Range (section 14.4).
std::string content_range(const ByteRange& range, std::uint64_t complete_length);

class MultipartRanges {
 public:
  // `media_type` of the whole; empty: the parts do not tell. The views outlive it.
  MultipartRanges(const RangeSet& ranges, std::string_view media_type,
                  std::uint64_t complete_length)
      : ranges_(ranges), media_type_(media_type), complete_length_(complete_length) {}

  static std::string_view content_type();  // the value, with its boundary
  // The lines before the i-th range's bytes, and what follows the last.
  std::string part_head(std::size_t i) const;
  static std::string_view last_boundary();
  // Of the whole body, bytes and lines.
  std::uint64_t content_length() const;

 private:
  const RangeSet& ranges_;
  std::string_view media_type_;
  std::uint64_t complete_length_;
};

}  // namespace farm::net
