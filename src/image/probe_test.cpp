#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "image/image.h"
#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::Format;
using namespace image::testing;

struct Kind {
  const char* suffix;
  Format format;
};

// HEIC is not among them: its writer may be missing where its reader is there.
const Kind kKinds[] = {
    {".jpg", Format::kJpeg},  {".jpg[interlace]", Format::kJpeg},
    {".png", Format::kPng},   {".png[interlace]", Format::kPng},
    {".gif", Format::kGif},   {".webp", Format::kWebp},
    {".tiff", Format::kTiff}, {".tiff[tile,compression=deflate]", Format::kTiff},
    {".avif", Format::kAvif},
};

TEST(Probe, TellsFormatAndDimensions) {
  for (const Kind& kind : kKinds) {
    const Bytes bytes = encode(quadrants(120, 70), kind.suffix);
    const auto picture = probe(bytes, Limits{});
    ASSERT_TRUE(picture) << kind.suffix << ": " << picture.error().message();
    EXPECT_EQ(picture.value().format, kind.format) << kind.suffix;
    EXPECT_EQ(picture.value().dimensions, (Dimensions{120, 70})) << kind.suffix;
  }
}

TEST(Probe, RefusesWhatIsOverALimitBeforeDecoding) {
  for (const Kind& kind : kKinds) {
    const Bytes bytes = encode(quadrants(120, 70), kind.suffix);
    const Limits tight[] = {
        {.max_pixels = 120 * 70 - 1}, {.max_side_px = 119}, {.max_file_bytes = bytes.size() - 1}};
    for (const Limits& limits : tight) {
      const auto picture = probe(bytes, limits);
      ASSERT_FALSE(picture) << kind.suffix;
      EXPECT_EQ(picture.error().code, ErrorCode::kTooLarge) << kind.suffix;
    }
    const Limits exact = {
        .max_pixels = 120 * 70, .max_side_px = 120, .max_file_bytes = bytes.size()};
    EXPECT_TRUE(probe(bytes, exact)) << kind.suffix;
  }
}

TEST(Probe, SaysWhichLimitAndByHowMuch) {
  const Bytes bytes = encode(quadrants(120, 70), ".png");
  const auto picture = probe(bytes, {.max_pixels = 1000});
  ASSERT_FALSE(picture);
  EXPECT_THAT(picture.error().context,
              ::testing::AllOf(::testing::HasSubstr("120x70"), ::testing::HasSubstr("1000")));
}

TEST(Probe, GivesUprightDimensions) {
  for (const char* suffix : {".jpg", ".webp", ".tiff"}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const Bytes bytes = encode(as_stored(quadrants(120, 70), orientation), suffix);
      const auto picture = probe(bytes, Limits{});
      ASSERT_TRUE(picture);
      EXPECT_EQ(picture.value().dimensions, (Dimensions{120, 70})) << suffix << orientation;
    }
  }
}

TEST(Probe, MeasuresOneFrameOfAnAnimation) {
  for (const char* suffix : {".gif", ".webp"}) {
    const Bytes bytes = encode(animation({kRed, kGreen, kBlue}, 50, 40), suffix);
    const auto picture = probe(bytes, {.max_pixels = 50 * 40, .max_side_px = 50});
    ASSERT_TRUE(picture) << suffix;
    EXPECT_EQ(picture.value().dimensions, (Dimensions{50, 40})) << suffix;
  }
}

// A few bytes that claim to be a huge picture.
TEST(Probe, BelievesAHeaderEnoughToRefuseIt) {
  const auto claim = [](Bytes bytes, std::size_t offset, std::initializer_list<int> values) {
    for (const int value : values) bytes[offset++] = static_cast<std::byte>(value);
    return bytes;
  };
  Bytes gif = encode(quadrants(8, 8), ".gif");
  const auto first_frame = as_text(gif).find("\x2c");
  ASSERT_NE(first_frame, std::string_view::npos);
  gif = claim(std::move(gif), first_frame + 5, {0x00, 0xfa, 0x00, 0xfa});
  Bytes jpeg = encode(quadrants(8, 8), ".jpg[strip]");
  const auto frame = as_text(jpeg).find("\xff\xc0");
  ASSERT_NE(frame, std::string_view::npos);
  jpeg = claim(std::move(jpeg), frame + 5, {0xf0, 0, 0xf0, 0});
  for (const Bytes& bytes : {gif, jpeg}) {
    const auto picture = probe(bytes, Limits{});
    ASSERT_FALSE(picture);
    EXPECT_EQ(picture.error().code, ErrorCode::kTooLarge) << picture.error().message();
  }
}

TEST(Probe, RefusesWhatIsOnlyAMagicNumber) {
  for (const char* head : {"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "GIF89a", "II*"}) {
    std::string text = head;
    text.resize(200);
    const auto picture = probe(as_bytes(text), Limits{});
    ASSERT_FALSE(picture);
    EXPECT_EQ(picture.error().code, ErrorCode::kUnprocessable) << picture.error().message();
  }
}

TEST(Start, LeavesOnlyOurReadersOpen) {
  const char* const others[] = {
      "svgload_buffer", "pdfload_buffer", "magickload_buffer", "ppmload_source", "jp2kload_buffer",
      "vipsload",       "jpegload",       "csvload",           "tiffload",       "rawload"};
  for (const char* name : others) {
    const VipsOperationFlags blocked = VIPS_OPERATION_BLOCKED;
    const GType type = vips_type_find("VipsOperation", name);
    if (type == 0) continue;
    VipsOperation* operation = vips_operation_new(name);
    ASSERT_NE(operation, nullptr) << name;
    EXPECT_TRUE(vips_operation_get_flags(operation) & blocked) << name;
    g_object_unref(operation);
  }
}

}  // namespace
}  // namespace farm::image
