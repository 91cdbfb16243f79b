// Every format with every feature it has, against what should come out: the scene as the generator
// draws it at the size's own dimensions. Colours are compared by the difference people see
// (CIEDE2000, about 1 is just noticed): its mean over the picture, and the worst pixel of a
// thousand.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "image/image.h"
#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

using photo::SizeCode;
using namespace image::testing;

// Waves so long that every size can show them, in all three channels, none alike; no two corners
// and no two directions are either.
std::vector<std::uint8_t> draw_scene(int width, int height) {
  std::vector<std::uint8_t> samples;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double u = (x + 0.5) / width;
      const double v = (y + 0.5) / height;
      const double wave = std::sin(2 * std::numbers::pi * (2 * u + v));
      for (const double value :
           {70 + 130 * u + 20 * wave, 60 + 110 * v - 20 * wave, 190 - 120 * u * v + 15 * wave}) {
        samples.push_back(static_cast<std::uint8_t>(std::lround(value)));
      }
    }
  }
  return samples;
}

template <class Step>
Image must(Step&& step) {
  VipsImage* out = nullptr;
  if (step(&out) != 0) {
    ADD_FAILURE() << vips_error_buffer();
    std::abort();
  }
  return Image(out);
}

Image scene(int width, int height) {
  static std::map<std::pair<int, int>, std::vector<std::uint8_t>> drawn;
  auto& samples = drawn[{width, height}];
  if (samples.empty()) samples = draw_scene(width, height);
  VipsImage* out = vips_image_new_from_memory(samples.data(), samples.size(), width, height, 3,
                                              VIPS_FORMAT_UCHAR);
  if (out == nullptr) std::abort();
  const Image plain(out);
  return must([&](VipsImage** copy) {
    return vips_copy(plain.get(), copy, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  });
}

Image in_space(const Image& image, VipsInterpretation space) {
  return must([&](VipsImage** out) { return vips_colourspace(image.get(), out, space, nullptr); });
}

struct Difference {
  double mean = 0;
  double worst = 0;
};

Difference difference(const Image& found, const Image& wanted) {
  const Image a = in_space(found, VIPS_INTERPRETATION_LAB);
  const Image b = in_space(wanted, VIPS_INTERPRETATION_LAB);
  const Image delta =
      must([&](VipsImage** out) { return vips_dE00(a.get(), b.get(), out, nullptr); });
  Difference told;
  vips_avg(delta.get(), &told.mean, nullptr);
  vips_max(delta.get(), &told.worst, nullptr);
  return told;
}

using Prepare = std::function<Image(const Image&)>;

struct Case {
  std::string name;
  std::string suffix;
  Prepare prepare;
  Difference most{1.5, 8};
  bool grey = false;
};

Image as_it_is(const Image& image) { return share(image); }
Prepare turned_by(int orientation) {
  return [=](const Image& image) { return as_stored(image, orientation); };
}
Prepare profiled(const char* profile) {
  return [=](const Image& image) { return in_profile(image, profile); };
}
Image grey(const Image& image) { return in_space(image, VIPS_INTERPRETATION_B_W); }
Image opaque(const Image& image) { return with_alpha(image, 255); }
Image misdescribed(const Image& image) {
  return with_blob(image, VIPS_META_EXIF_NAME, to_bytes("Exif\0\0II*\0\xff\xff\xff\xff broken"));
}
Image animated(const Image& image) {
  const int height = vips_image_get_height(image.get());
  const Image other = solid(vips_image_get_width(image.get()), height, kRed);
  const Image joined = must([&](VipsImage** out) {
    return vips_join(image.get(), other.get(), out, VIPS_DIRECTION_VERTICAL, nullptr);
  });
  const Image copy = must([&](VipsImage** out) { return vips_copy(joined.get(), out, nullptr); });
  vips_image_set_int(copy.get(), VIPS_META_PAGE_HEIGHT, height);
  return share(copy);
}

std::vector<Case> cases() {
  constexpr Difference kPalette{3, 12};
  constexpr Difference kInk{4, 15};
  std::vector<Case> all = {
      {"jpeg", ".jpg[Q=95]", as_it_is},
      {"jpeg_444", ".jpg[Q=95,subsample_mode=off]", as_it_is},
      {"jpeg_progressive", ".jpg[Q=95,interlace]", as_it_is},
      {"jpeg_p3", ".jpg[Q=95]", profiled("p3")},
      {"jpeg_srgb_profile", ".jpg[Q=95]", profiled("srgb")},
      {"jpeg_cmyk", ".jpg[Q=95]", profiled("cmyk"), kInk},
      {"jpeg_cmyk_progressive", ".jpg[Q=95,interlace]", profiled("cmyk"), kInk},
      {"jpeg_grey", ".jpg[Q=95]", grey, {1.5, 8}, true},
      {"jpeg_broken_exif", ".jpg[Q=95]", misdescribed},
      {"png", ".png", as_it_is},
      {"png_interlaced", ".png[interlace]", as_it_is},
      {"png_16_bit", ".png", to_16_bit},
      {"png_p3", ".png", profiled("p3")},
      {"png_palette", ".png[palette,Q=100]", as_it_is, kPalette},
      {"png_opaque_alpha", ".png", opaque},
      {"png_grey", ".png", grey, {1.5, 8}, true},
      {"webp", ".webp[Q=95]", as_it_is},
      {"webp_lossless", ".webp[lossless]", as_it_is},
      {"webp_p3", ".webp[lossless]", profiled("p3")},
      {"webp_opaque_alpha", ".webp[Q=95]", opaque},
      {"webp_animated", ".webp[lossless]", animated},
      {"gif", ".gif", as_it_is, kPalette},
      {"gif_animated", ".gif", animated, kPalette},
      {"tiff", ".tiff", as_it_is},
      {"tiff_tiled", ".tiff[tile,compression=lzw]", as_it_is},
      {"tiff_jpeg", ".tiff[compression=jpeg,Q=95]", as_it_is},
      {"tiff_16_bit", ".tiff", to_16_bit},
      {"tiff_p3", ".tiff", profiled("p3")},
      {"tiff_cmyk", ".tiff", profiled("cmyk"), kInk},
      {"tiff_grey", ".tiff", grey, {1.5, 8}, true},
      {"avif", ".avif[Q=95,effort=1]", as_it_is},
      {"heic", ".heic[Q=95,effort=1]", as_it_is}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string name = std::to_string(orientation);
    all.push_back({"jpeg_turned_" + name, ".jpg[Q=95]", turned_by(orientation)});
    all.push_back(
        {"jpeg_cmyk_turned_" + name, ".jpg[Q=95]",
         [=](const Image& image) { return as_stored(in_profile(image, "cmyk"), orientation); },
         kInk});
    all.push_back({"png_turned_" + name, ".png", turned_by(orientation)});
    all.push_back({"webp_turned_" + name, ".webp[Q=95]", turned_by(orientation)});
    all.push_back({"tiff_turned_" + name, ".tiff", turned_by(orientation)});
  }
  return all;
}

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class Matrix : public ::testing::TestWithParam<Case> {};

TEST_P(Matrix, LooksAsItShould) {
  constexpr int kWidth = 701;  // odd, so that halves of colour and blocks end in the middle
  constexpr int kHeight = 471;
  const Case& one = GetParam();
  const Bytes bytes = encode(one.prepare(scene(kWidth, kHeight)), one.suffix);
  const auto rendered = render_stored(bytes, Config{});
  ASSERT_TRUE(rendered) << rendered.error().message();
  EXPECT_EQ(rendered.value().picture.dimensions, (photo::Dimensions{kWidth, kHeight}));
  ASSERT_EQ(rendered.value().sizes.size(), 4);
  for (const RenderedSize& size : rendered.value().sizes) {
    if (size.code == SizeCode::kSquare) continue;
    SCOPED_TRACE(static_cast<char>(size.code));
    const auto [width, height] = size.dimensions;
    Image wanted = scene(static_cast<int>(width), static_cast<int>(height));
    if (one.grey) wanted = grey(wanted);
    const Difference told = difference(decode(size.bytes), wanted);
    EXPECT_LE(told.mean, one.most.mean);
    EXPECT_LE(told.worst, one.most.worst);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Matrix, ::testing::ValuesIn(cases()),
                         [](const auto& made) { return made.param.name; });

// Light averages otherwise than its sRGB values: black and white lines, too fine to be seen, are
// half the light, 188, and not 128.
TEST(Render, ReducesLightWhereToldTo) {
  const Image black = solid(1200, 1, {0, 0, 0});
  const Image white = solid(1200, 1, kWhite);
  VipsImage* lines[] = {black.get(), white.get()};
  const Image pair =
      must([&](VipsImage** out) { return vips_arrayjoin(lines, out, 2, "across", 1, nullptr); });
  const Image striped =
      must([&](VipsImage** out) { return vips_replicate(pair.get(), out, 1, 400, nullptr); });
  for (const char* suffix : {".png", ".jpg[Q=98,subsample_mode=off]"}) {
    const Bytes bytes = encode(striped, suffix);
    for (const bool linear : {false, true}) {
      Config config;
      config.linear_light = linear;
      const auto rendered = render_stored(bytes, config);
      ASSERT_TRUE(rendered);
      for (const RenderedSize& size : rendered.value().sizes) {
        if (size.code == SizeCode::kLarge)
          continue;  // in which they are still to be seen, a little
        EXPECT_NEAR(pixel(decode(size.bytes), 20, 20)[0], linear ? 188 : 128, 6)
            << suffix << static_cast<char>(size.code);
      }
    }
  }
}

// An edge gets more contrast, and flat parts stay as they are.
TEST(Render, SharpensWhatIsReduced) {
  const Bytes bytes = encode(quadrants(900, 900), ".png");
  Config soft;
  soft.sharpen = 0;
  Config crisp;
  crisp.sharpen = 100;
  const auto a = render_one(bytes, SizeCode::kMedium, soft);
  const auto b = render_one(bytes, SizeCode::kMedium, crisp);
  ASSERT_TRUE(a);
  ASSERT_TRUE(b);
  EXPECT_NE(a.value().bytes, b.value().bytes);
  const auto before = quadrant_colours(decode(a.value().bytes));
  const auto after = quadrant_colours(decode(b.value().bytes));
  EXPECT_EQ(before, after);
  // What is shown as it is has nothing to make up for.
  const auto whole_a = render_one(bytes, SizeCode::kLarge, soft);
  const auto whole_b = render_one(bytes, SizeCode::kLarge, crisp);
  EXPECT_EQ(whole_a.value().bytes, whole_b.value().bytes);
}

}  // namespace
}  // namespace farm::image
