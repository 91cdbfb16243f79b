#include "net/multipart_ranges.h"

namespace farm::net {

std::string content_range(const ByteRange& range, std::uint64_t complete_length) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" +
         std::to_string(complete_length);
}

std::string_view MultipartRanges::content_type() {
  return "multipart/byteranges; boundary=photofarm_byteranges_7d1f3c5a9b";
}

std::string_view MultipartRanges::last_boundary() {
  return "\r\n--photofarm_byteranges_7d1f3c5a9b--\r\n";
}

std::string MultipartRanges::part_head(std::size_t i) const {
  std::string out(i == 0 ? "--" : "\r\n--");
  out += "photofarm_byteranges_7d1f3c5a9b\r\n";
  if (!media_type_.empty()) out.append("Content-Type: ").append(media_type_).append("\r\n");
  out.append("Content-Range: ").append(content_range(ranges_.ranges()[i], complete_length_));
  return out.append("\r\n\r\n");
}

std::uint64_t MultipartRanges::content_length() const {
  std::uint64_t total = last_boundary().size();
  for (std::size_t i = 0; i < ranges_.ranges().size(); ++i) {
    total += part_head(i).size() + ranges_.ranges()[i].length();
  }
  return total;
}

}  // namespace farm::net
