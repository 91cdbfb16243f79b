#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "image/image.h"

namespace farm::image {
namespace {

using photo::Format;
using namespace std::string_literals;

struct Known {
  std::string head;
  Format format;
};

TEST(Identify, KnowsEachFormatByItsFirstBytes) {
  const Known table[] = {
      {"\xff\xd8\xff\xe0"s, Format::kJpeg},
      {"\xff\xd8\xff\xdb"s, Format::kJpeg},
      {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s, Format::kPng},
      {"GIF87a"s, Format::kGif},
      {"GIF89a"s, Format::kGif},
      {"RIFF\x24\x10\0\0WEBPVP8 "s, Format::kWebp},
      {"II*\0\x08\0\0\0\0\0\0\0"s, Format::kTiff},
      {"MM\0*\0\0\0\x08"s, Format::kTiff},
      {"II+\0\x08\0\0\0"s, Format::kTiff},
      {"MM\0+\0\x08\0\0"s, Format::kTiff},
      {"\0\0\0\x18"s + "ftypheic\0\0\0\0mif1heic"s, Format::kHeic},
      {"\0\0\0\x14"s + "ftypheix\0\0\0\0mif1"s, Format::kHeic},
      {"\0\0\0\x1c"s + "ftypavif\0\0\0\0avifmif1miaf"s, Format::kAvif},
      {"\0\0\0\x18"s + "ftypmif1\0\0\0\0mif1avif"s, Format::kAvif},
      {"\0\0\0\x18"s + "ftypmif1\0\0\0\0mif1heic"s, Format::kHeic},
      {"\0\0\0\x10"s + "ftypavis\0\0\0\0"s, Format::kAvif},
  };
  for (const Known& known : table) {
    const auto format = identify(as_bytes(known.head));
    ASSERT_TRUE(format) << known.head;
    EXPECT_EQ(format.value(), known.format) << known.head;
  }
}

TEST(Identify, RefusesEverythingElse) {
  const std::string table[] = {
      ""s,
      "\xff\xd8"s,
      "hello, world"s,
      "<svg xmlns='http://www.w3.org/2000/svg'/>"s,
      "%PDF-1.7"s,
      "%!PS-Adobe-3.0"s,
      "BM\x36\0\0\0"s,
      "GIF88a"s,
      "\x89PNG\n\r\x1a\n"s,
      "RIFF\x24\x10\0\0WAVEfmt "s,
      "RIFF\x24\x10\0\0WEB"s,
      "II*\1"s,
      "II*\0\x10\0\0\0CR\x02\0"s,                   // a Canon raw file
      "\0\0\0\x18"s + "ftypisom\0\0\0\0isomavif"s,  // a film
      "\0\0\0\x18"s + "ftypcrx \0\0\0\1crx isom"s,  // a newer Canon raw file
      "\0\0\0\x10"s + "ftypmif1\0\0\0\0avif"s,      // the brand is after the box
      "\0\0\0\x08"s + "ftypavif\0\0\0\0"s,          // the box ends before the brand
      "\0\0\0\x18"s + "ftypavi"s,
      "\0\0\0\x0cJXL \r\n\x87\n"s,
      "\0\0\0\x0cjP  \r\n\x87\n"s,
  };
  for (const std::string& head : table) {
    const auto format = identify(as_bytes(head));
    ASSERT_FALSE(format) << head;
    EXPECT_EQ(format.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(format.error().context, testing::HasSubstr("JPEG, PNG, GIF, WebP, TIFF"));
  }
}

TEST(Identify, LooksNoFurtherThanSixtyFourBytes) {
  std::string brands = "\0\0\1\0"s + "ftypmif1\0\0\0\0"s;
  while (brands.size() < 64) brands += "abcd";
  EXPECT_FALSE(identify(as_bytes(brands + "avif"s)));
  brands.replace(60, 4, "avif");
  EXPECT_TRUE(identify(as_bytes(brands)));
}

}  // namespace
}  // namespace farm::image
