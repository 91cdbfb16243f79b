// Sizes in the formats a browser may ask for.
#include <gtest/gtest.h>

#include <string>

#include "image/image.h"
#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::Format;
using photo::SizeCode;
using namespace image::testing;

constexpr Format kFormats[] = {Format::kJpeg, Format::kWebp, Format::kAvif};

double furthest(const Colour& found, const Colour& wanted) {
  double most = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    most = std::max(most, std::abs(found.at(i) - wanted[i]));
  }
  return most;
}

TEST(RenderFormats, MakesEverySizeInEachFormat) {
  const Bytes original = encode(as_stored(quadrants(1300, 900), 6), ".jpg[Q=95]");
  for (const photo::SizeSpec& spec : photo::kSizes) {
    if (spec.code == SizeCode::kOriginal) continue;
    for (const Format format : kFormats) {
      SCOPED_TRACE(std::string(photo::extension(format)) + static_cast<char>(spec.code));
      const auto size = render_one(original, spec.code, format, Config{});
      ASSERT_TRUE(size) << size.error().message();
      EXPECT_EQ(size.value().format, format);
      EXPECT_EQ(identify(size.value().bytes).value(), format);
      const Dimensions wanted = photo::scaled({1300, 900}, spec);
      EXPECT_EQ(size.value().dimensions, wanted);
      const Image decoded = decode(size.value().bytes);
      EXPECT_EQ(dimensions(decoded), wanted);
      const auto found = quadrant_colours(decoded);
      const Colour colours[] = {kRed, kGreen, kBlue, kWhite};
      for (std::size_t i = 0; i < 4; ++i) EXPECT_LT(furthest(found[i], colours[i]), 10);
    }
  }
}

TEST(RenderFormats, TakesGreyToo) {
  const Bytes original = encode(solid(300, 200, {77}), ".png");
  for (const Format format : kFormats) {
    const auto size = render_one(original, SizeCode::kSmall, format, Config{});
    ASSERT_TRUE(size);
    for (const double value : pixel(decode(size.value().bytes), 20, 20)) EXPECT_NEAR(value, 77, 3);
  }
}

TEST(RenderFormats, IsTheStoredSizeWhereItIsJpeg) {
  const Bytes original = encode(quadrants(2100, 1500), ".jpg");
  const auto stored = render_stored(original, Config{});
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored.value().sizes.size(), 5);
  for (const RenderedSize& size : stored.value().sizes) {
    const auto again = render_one(original, size.code, Format::kJpeg, Config{});
    ASSERT_TRUE(again);
    EXPECT_EQ(again.value().bytes, size.bytes) << static_cast<char>(size.code);
  }
}

TEST(RenderFormats, KeepsTheQualityOfItsFormatAndSize) {
  const Bytes original = encode(quadrants(700, 500), ".jpg");
  for (const Format format : kFormats) {
    Config config;
    config.jpeg_quality = config.webp_quality = config.avif_quality = 30;
    const auto low = render_one(original, SizeCode::kMedium, format, config);
    config.size_quality = {{SizeCode::kMedium, format, 95}};
    const auto high = render_one(original, SizeCode::kMedium, format, config);
    ASSERT_TRUE(low);
    ASSERT_TRUE(high);
    EXPECT_LT(low.value().bytes.size(), high.value().bytes.size()) << photo::extension(format);
    EXPECT_NE(render_one(original, SizeCode::kSmall, format, config).value().bytes.size(), 0);
  }
}

TEST(RenderFormats, LeavesNoMetadata) {
  Image told = as_stored(in_profile(quadrants(300, 200), "p3"), 6);
  told = with_text(told, "exif-ifd0-Artist", "somebody");
  const Bytes original = encode(told, ".jpg");
  for (const Format format : kFormats) {
    const auto size = render_one(original, SizeCode::kSmall, format, Config{});
    ASSERT_TRUE(size);
    const std::string_view text = as_text(size.value().bytes);
    for (const char* word : {"somebody", "Exif", "acsp"}) {
      EXPECT_EQ(text.find(word), std::string_view::npos) << word << photo::extension(format);
    }
  }
}

TEST(RenderFormats, KeepsTheCopyrightWhereToldTo) {
  Image told = as_stored(quadrants(300, 200), 6);
  told = with_text(told, "exif-ifd0-Artist", "Anna of Lund");
  told = with_text(told, "exif-ifd0-Copyright", "me");
  told = with_text(told, "exif-ifd3-GPSLatitude", "59/1 19/1 0/1");
  Config config;
  config.keep_copyright = true;
  for (const char* suffix : {".jpg", ".webp[lossless]"}) {
    const auto size = render_one(encode(told, suffix), SizeCode::kSmall, config);
    ASSERT_TRUE(size);
    const Image decoded = decode(size.value().bytes);
    const auto text = [&](const char* field) {
      const char* shown = nullptr;
      const bool there = vips_image_get_typeof(decoded.get(), field) != 0 &&
                         vips_image_get_string(decoded.get(), field, &shown) == 0;
      return std::string(there ? shown : "");
    };
    EXPECT_TRUE(text("exif-ifd0-Artist").starts_with("Anna of Lund (")) << suffix;
    EXPECT_TRUE(text("exif-ifd0-Copyright").starts_with("me (")) << suffix;
    EXPECT_EQ(text("exif-ifd3-GPSLatitude"), "");
    EXPECT_EQ(vips_image_get_orientation(decoded.get()), 1);
  }
  EXPECT_TRUE(render_one(encode(solid(9, 9, kRed), ".gif"), SizeCode::kSmall, config));
}

TEST(RenderFormats, WritesNoOtherFormat) {
  const Bytes original = encode(quadrants(30, 20), ".jpg");
  for (const Format format : {Format::kPng, Format::kGif, Format::kTiff, Format::kHeic}) {
    const auto size = render_one(original, SizeCode::kSmall, format, Config{});
    ASSERT_FALSE(size);
    EXPECT_EQ(size.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(RenderFormats, KeepsTheProfileWhereToldTo) {
  const Image wide = in_profile(quadrants(600, 400), "p3");
  const Bytes original = encode(wide, ".jpg[Q=95]");
  Config config;
  config.keep_profile = true;
  const auto kept = render_stored(original, config).value();
  const auto plain = render_stored(original, Config{}).value();
  ASSERT_EQ(kept.sizes.size(), plain.sizes.size());
  for (std::size_t i = 0; i < kept.sizes.size(); ++i) {
    const Image with = decode(kept.sizes[i].bytes);
    const Image without = decode(plain.sizes[i].bytes);
    EXPECT_NE(vips_image_get_typeof(with.get(), VIPS_META_ICC_NAME), 0U);
    EXPECT_EQ(vips_image_get_typeof(without.get(), VIPS_META_ICC_NAME), 0U);
    // Converted by the profile it carries, it shows what the converted one shows.
    const Image shown =
        apply([&](VipsImage** out) {
          return vips_icc_transform(with.get(), out, "srgb", "embedded", TRUE, nullptr);
        }).value();
    EXPECT_LE(furthest(pixel(shown, 5, 5), pixel(without, 5, 5)), 6);
  }
  const Bytes webp = render_one(original, SizeCode::kSmall, Format::kWebp, config).value().bytes;
  EXPECT_LE(furthest(pixel(decode(webp), 5, 5), pixel(decode(plain.sizes[2].bytes), 5, 5)), 8);
}

TEST(RenderFormats, IsTheSameByMoreThreads) {
  const Bytes original = encode(quadrants(1300, 900), ".jpg[Q=95]");
  Config config;
  const auto one = render_stored(original, config).value();
  config.encode_threads = 4;
  const auto more = render_stored(original, config).value();
  ASSERT_EQ(one.sizes.size(), 5U);
  ASSERT_EQ(more.sizes.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(more.sizes[i].code, one.sizes[i].code);
    EXPECT_TRUE(more.sizes[i].bytes == one.sizes[i].bytes);
  }
}

}  // namespace
}  // namespace farm::image
