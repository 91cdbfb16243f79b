#include "image/measure.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "image/image.h"
#include "image/loader.h"
#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::Format;
using namespace image::testing;

struct Kind {
  const char* suffix;
  bool whole_in_memory;
};

class Measured : public ::testing::TestWithParam<Kind> {};

TEST_P(Measured, IsAsLibvipsSays) {
  const Dimensions wanted[] = {{1, 1}, {64, 48}, {333, 77}, {77, 333}, {1200, 801}};
  for (const Dimensions size : wanted) {
    SCOPED_TRACE(std::to_string(size.width) + "x" + std::to_string(size.height));
    const int width = static_cast<int>(size.width);
    const int height = static_cast<int>(size.height);
    const Image picture = size.width == 1 ? solid(1, 1, kRed) : quadrants(width, height);
    const Bytes bytes = encode(picture, GetParam().suffix);
    const auto shape = measure(bytes);
    ASSERT_TRUE(shape) << shape.error().message();
    const Visit visit;
    const auto opened = open(bytes, Limits{});
    ASSERT_TRUE(opened);
    EXPECT_EQ(shape.value().stored, opened.value().stored);
    EXPECT_EQ(shape.value().format, opened.value().picture.format);
    // One row is the whole of a picture that has one.
    if (size.height > 300) {
      EXPECT_EQ(shape.value().whole_in_memory, GetParam().whole_in_memory);
    }
    const auto bands = static_cast<std::uint32_t>(vips_image_get_bands(opened.value().image.get()));
    EXPECT_GE(shape.value().decoded_bytes_per_pixel, bands);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Measured,
                         ::testing::Values(Kind{".jpg", false}, Kind{".jpg[interlace]", true},
                                           Kind{".jpg[subsample_mode=off,interlace]", true},
                                           Kind{".png", false}, Kind{".png[interlace]", true},
                                           Kind{".png[palette]", false}, Kind{".gif", true},
                                           Kind{".webp", false}, Kind{".webp[lossless]", true},
                                           Kind{".tiff", false}, Kind{".tiff[tile]", false},
                                           Kind{".tiff[bigtiff,compression=deflate]", false},
                                           Kind{".tiff[compression=jpeg]", false},
                                           Kind{".avif", true}),
                         [](const auto& kind) {
                           std::string name;
                           for (const char c : std::string(kind.param.suffix)) {
                             if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
                           }
                           return name;
                         });

TEST(Measure, SeesDepthAndAlpha) {
  const Image deep = to_16_bit(quadrants(40, 30));
  EXPECT_EQ(measure(encode(deep, ".png")).value().decoded_bytes_per_pixel, 8u);
  EXPECT_EQ(measure(encode(deep, ".tiff")).value().decoded_bytes_per_pixel, 6u);
  const Image clear = with_alpha(quadrants(40, 30), 128);
  EXPECT_EQ(measure(encode(clear, ".webp")).value().stored, (Dimensions{40, 30}));
  EXPECT_EQ(measure(encode(clear, ".tiff")).value().decoded_bytes_per_pixel, 4u);
  const Image grey = solid(40, 30, {99});
  EXPECT_EQ(measure(encode(grey, ".jpg")).value().decoded_bytes_per_pixel, 1u);
  EXPECT_EQ(measure(encode(grey, ".jpg[interlace]")).value().bytes_per_pixel, 2u);
  const Image inks = solid(40, 30, {9, 9, 9, 9});
  EXPECT_EQ(measure(encode(inks, ".jpg")).value().decoded_bytes_per_pixel, 4u);
}

TEST(Measure, CountsCoefficientsBySampling) {
  const Image picture = quadrants(64, 64);
  const auto coefficients = [&](const char* suffix) {
    return measure(encode(picture, suffix)).value().bytes_per_pixel;
  };
  EXPECT_EQ(coefficients(".jpg[interlace,subsample_mode=on]"), 3u);
  EXPECT_EQ(coefficients(".jpg[interlace,subsample_mode=off]"), 6u);
}

TEST(Measure, CountsTheFramesOfAnimations) {
  const Image moving = animation({kRed, kGreen, kBlue}, 60, 40);
  for (const char* suffix : {".gif", ".webp", ".webp[lossless]"}) {
    SCOPED_TRACE(suffix);
    const Bytes bytes = encode(moving, suffix);
    const auto shape = measure(bytes);
    ASSERT_TRUE(shape) << shape.error().message();
    EXPECT_EQ(shape.value().stored, (Dimensions{60, 40}));
    EXPECT_EQ(count_frames(bytes, shape.value(), 100), 3u);
    EXPECT_EQ(count_frames(bytes, shape.value(), 2), 2u);
    EXPECT_LT(count_frames(ByteView(bytes).first(80), shape.value(), 100), 3u);
  }
  const Bytes still = encode(quadrants(60, 40), ".png");
  EXPECT_EQ(count_frames(still, measure(still).value(), 100), 1u);
}

TEST(Measure, ATiffInOneStripIsHeldWhole) {
  Bytes tiff = to_bytes(std::string_view("II*\0\x08\0\0\0\x04\0", 10));
  const auto entry = [&](std::uint16_t tag, std::uint16_t type, std::uint32_t value) {
    const std::size_t at = tiff.size();
    tiff.resize(at + 12);
    store_le(tiff, at, tag);
    store_le(tiff, at + 2, type);
    store_le(tiff, at + 4, std::uint32_t{1});
    store_le(tiff, at + 8, value);
  };
  entry(256, 4, 5000);
  entry(257, 3, 4000);
  entry(277, 3, 3);
  entry(278, 4, 0xffffffff);
  tiff.resize(tiff.size() + 4);
  const auto shape = measure(tiff);
  ASSERT_TRUE(shape) << shape.error().message();
  EXPECT_EQ(shape.value().stored, (Dimensions{5000, 4000}));
  EXPECT_TRUE(shape.value().whole_in_memory);
  EXPECT_GT(estimate_bytes(shape.value()), 5000u * 4000 * 3);
}

TEST(Measure, RefusesWhatIsCutShortWithASentence) {
  for (const char* suffix : {".jpg", ".png", ".gif", ".webp", ".tiff", ".avif"}) {
    const Bytes bytes = encode(quadrants(64, 48), suffix);
    bool refused = false;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      // In memory of its own, so that a sanitizer sees a byte read too far.
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
      const auto shape = measure(cut);
      if (shape) continue;
      refused = true;
      const ErrorCode code = shape.error().code;
      EXPECT_TRUE(code == ErrorCode::kUnsupported || code == ErrorCode::kUnprocessable);
      EXPECT_FALSE(shape.error().context.empty());
    }
    EXPECT_TRUE(refused) << suffix;
  }
}

TEST(Measure, RefusesJpegsOfOtherKinds) {
  Bytes lossless = encode(quadrants(64, 48), ".jpg[strip]");
  for (std::size_t i = 0; i + 1 < lossless.size(); ++i) {
    if (lossless[i] == std::byte{0xff} && lossless[i + 1] == std::byte{0xc0}) {
      lossless[i + 1] = std::byte{0xc3};
      break;
    }
  }
  const auto shape = measure(lossless);
  ASSERT_FALSE(shape);
  EXPECT_EQ(shape.error().code, ErrorCode::kUnsupported);
}

TEST(Measure, HoldsTheLimits) {
  const Limits limits{.max_pixels = 1000, .max_side_px = 100};
  EXPECT_TRUE(check_dimensions({100, 10}, limits));
  EXPECT_EQ(check_dimensions({101, 1}, limits).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(check_dimensions({100, 11}, limits).error().code, ErrorCode::kTooLarge);
}

TEST(Estimate, GrowsWithWhatTheDecoderHolds) {
  const Bytes rows = encode(quadrants(1600, 1200), ".jpg");
  const Bytes whole = encode(quadrants(1600, 1200), ".jpg[interlace]");
  EXPECT_LT(estimate_bytes(measure(rows).value()), estimate_bytes(measure(whole).value()));
  const Bytes moving = encode(animation({kRed, kGreen, kBlue}, 300, 200), ".gif");
  const Shape shape = measure(moving).value();
  EXPECT_GE(estimate_edit_bytes(shape, 3), estimate_bytes(shape) + 3 * 3 * 300 * 200 * 4);
}

}  // namespace
}  // namespace farm::image
