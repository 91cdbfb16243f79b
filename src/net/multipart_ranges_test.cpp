#include "net/multipart_ranges.h"

#include <gtest/gtest.h>

namespace farm::net {
namespace {

std::string whole_body(const RangeSet& ranges, std::string_view media_type,
                       std::string_view complete) {
  const MultipartRanges parts(ranges, media_type, complete.size());
  std::string out;
  for (std::size_t i = 0; i < ranges.ranges().size(); ++i) {
    const ByteRange range = ranges.ranges()[i];
    out += parts.part_head(i);
    out += complete.substr(range.first, range.length());
  }
  out += MultipartRanges::last_boundary();
  EXPECT_EQ(out.size(), parts.content_length());
  return out;
}

// RFC 9110 section 14.6, RFC 2046 section 5.1.1.
TEST(MultipartRangesTest, PartsWithTheirHeads) {
  const std::string type(MultipartRanges::content_type());
  const std::string_view kBefore = "multipart/byteranges; boundary=";
  ASSERT_TRUE(type.starts_with(kBefore));
  const std::string boundary = type.substr(kBefore.size());
  EXPECT_LE(boundary.size(), 70U);
  const RangeSet ranges = RangeSet::parse("bytes=0-1,4-6", 10);
  EXPECT_EQ(whole_body(ranges, "image/jpeg", "0123456789"),
            "--" + boundary +
                "\r\nContent-Type: image/jpeg\r\nContent-Range: bytes 0-1/10\r\n\r\n" + "01\r\n--" +
                boundary +
                "\r\nContent-Type: image/jpeg\r\nContent-Range: bytes 4-6/10\r\n\r\n456\r\n--" +
                boundary + "--\r\n");
}

TEST(MultipartRangesTest, WithoutAMediaTypeThePartsHaveNone) {
  const RangeSet ranges = RangeSet::parse("bytes=9-,0-0", 10);
  const std::string body = whole_body(ranges, "", "0123456789");
  EXPECT_EQ(body.find("Content-Type"), std::string::npos);
  EXPECT_NE(body.find("Content-Range: bytes 9-9/10\r\n\r\n9\r\n"), std::string::npos) << body;
}

TEST(MultipartRangesTest, LengthsOverFourGigabytes) {
  const std::uint64_t complete = std::uint64_t{5} << 32;
  const RangeSet ranges = RangeSet::parse("bytes=0-4294967296,8589934592-17179869184", complete);
  ASSERT_EQ(ranges.ranges().size(), 2U);
  const MultipartRanges parts(ranges, "a/b", complete);
  EXPECT_NE(parts.part_head(1).find("bytes 8589934592-17179869184/21474836480"), std::string::npos);
  EXPECT_EQ(parts.content_length(), std::uint64_t{4294967297} + 8589934593 +
                                        parts.part_head(0).size() + parts.part_head(1).size() +
                                        MultipartRanges::last_boundary().size());
}

TEST(MultipartRangesTest, ContentRange) {
  EXPECT_EQ(content_range({0, 99}, 1234), "bytes 0-99/1234");
  EXPECT_EQ(content_range({1233, 1233}, 1234), "bytes 1233-1233/1234");
}

}  // namespace
}  // namespace farm::net
