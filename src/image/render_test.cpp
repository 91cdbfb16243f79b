#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "image/image.h"
#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::SizeCode;
using namespace image::testing;

std::vector<SizeCode> codes(const Rendered& rendered) {
  std::vector<SizeCode> found;
  for (const RenderedSize& size : rendered.sizes) found.push_back(size.code);
  return found;
}

void expect_near(const Colour& found, const Colour& wanted, double tolerance) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(found[i], wanted[i], tolerance);
}

void expect_quadrants(const Image& image) {
  const auto found = quadrant_colours(image);
  const Colour wanted[] = {kRed, kGreen, kBlue, kWhite};
  for (std::size_t i = 0; i < 4; ++i) expect_near(found[i], wanted[i], 8);
}

Rendered must_render(ByteView bytes) {
  auto rendered = render_stored(bytes, Config{});
  if (!rendered) throw std::runtime_error(rendered.error().message());
  return std::move(rendered.value());
}

TEST(Render, MakesStoredSizesOfExactlyTheirDimensions) {
  const Dimensions table[] = {{1, 1},      {1, 5000},    {5000, 1},    {74, 76},   {75, 75},
                              {76, 75},    {100, 99},    {101, 33},    {240, 241}, {333, 1000},
                              {501, 500},  {640, 480},   {1024, 768},  {1025, 7},  {1023, 1024},
                              {1366, 768}, {1999, 1501}, {2725, 2225}, {3000, 90}};
  for (const Dimensions& original : table) {
    const Bytes bytes = encode(
        solid(static_cast<int>(original.width), static_cast<int>(original.height), kBlue), ".jpg");
    const Rendered rendered = must_render(bytes);
    EXPECT_EQ(rendered.picture.dimensions, original);
    std::vector<SizeCode> expected = {SizeCode::kSquare, SizeCode::kThumbnail, SizeCode::kSmall,
                                      SizeCode::kMedium};
    if (std::max(original.width, original.height) > 1024) expected.push_back(SizeCode::kLarge);
    EXPECT_EQ(codes(rendered), expected);
    for (const RenderedSize& size : rendered.sizes) {
      const Dimensions wanted = photo::scaled(original, photo::spec_of(size.code));
      EXPECT_EQ(size.dimensions, wanted);
      EXPECT_EQ(dimensions(decode(size.bytes)), wanted)
          << original.width << "x" << original.height << " " << static_cast<char>(size.code);
    }
  }
}

// JPEG and WebP are decoded at a fraction of their size for the smaller ones.
TEST(Render, MakesEachOnDemandSize) {
  for (const char* suffix : {".jpg", ".jpg[interlace]", ".png", ".webp", ".webp[lossless]"}) {
    const Bytes bytes = encode(quadrants(2501, 1875), suffix);
    for (const photo::SizeSpec& spec : photo::kSizes) {
      if (spec.code == SizeCode::kOriginal) continue;
      SCOPED_TRACE(std::string(suffix) + static_cast<char>(spec.code));
      const auto size = render_one(bytes, spec.code, Config{});
      ASSERT_TRUE(size);
      EXPECT_EQ(size.value().code, spec.code);
      const Image decoded = decode(size.value().bytes);
      EXPECT_EQ(dimensions(decoded), photo::scaled({2501, 1875}, spec));
      expect_quadrants(decoded);
    }
  }
}

TEST(Render, DoesNotRenderTheOriginal) {
  const auto size = render_one(encode(quadrants(8, 8), ".jpg"), SizeCode::kOriginal, Config{});
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code, ErrorCode::kInvalidArgument);
}

TEST(Render, TakesTheFirstFrameOfALargeAnimation) {
  for (const char* suffix : {".gif", ".webp"}) {
    const Bytes bytes = encode(animation({kRed, kGreen}, 900, 700), suffix);
    const auto size = render_one(bytes, SizeCode::kThumbnail, Config{});
    ASSERT_TRUE(size);
    const Image decoded = decode(size.value().bytes);
    EXPECT_EQ(dimensions(decoded), (Dimensions{100, 78}));
    expect_near(pixel(decoded, 50, 70), kRed, 8);
  }
}

TEST(Render, TurnsEveryOrientationUpright) {
  for (const char* suffix : {".jpg[Q=95,subsample_mode=off]", ".webp[lossless]", ".tiff", ".png"}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      SCOPED_TRACE(suffix + std::to_string(orientation));
      const Bytes bytes = encode(as_stored(quadrants(1400, 1000), orientation), suffix);
      for (const RenderedSize& size : must_render(bytes).sizes) {
        const Image decoded = decode(size.bytes);
        EXPECT_EQ(dimensions(decoded), photo::scaled({1400, 1000}, photo::spec_of(size.code)));
        expect_quadrants(decoded);
      }
    }
  }
}

TEST(Render, CutsTheSquareFromTheCentre) {
  // Green, then red in the middle third, then green.
  const Image third = solid(200, 200, kGreen);
  const Image middle = solid(200, 200, kRed);
  for (const bool across : {true, false}) {
    VipsImage* parts[] = {third.get(), middle.get(), third.get()};
    VipsImage* joined = nullptr;
    ASSERT_EQ(vips_arrayjoin(parts, &joined, 3, "across", across ? 3 : 1, nullptr), 0);
    const Bytes bytes = encode(Image(joined), ".png");
    const auto square = render_one(bytes, SizeCode::kSquare, Config{});
    ASSERT_TRUE(square);
    const Image decoded = decode(square.value().bytes);
    EXPECT_EQ(dimensions(decoded), (Dimensions{75, 75}));
    for (const int at : {4, 37, 70}) {
      expect_near(pixel(decoded, at, 37), kRed, 12);
      expect_near(pixel(decoded, 37, at), kRed, 12);
    }
  }
}

struct ColourCase {
  const char* name;
  Image image;
  const char* suffix;
  Colour wanted;
  double tolerance;
};

std::vector<ColourCase> colour_cases() {
  const Colour teal = {40, 140, 130};
  const auto plain = [&] { return solid(60, 40, teal); };
  std::vector<ColourCase> cases;
  const auto add = [&](const char* name, Image image, const char* suffix, Colour wanted,
                       double tolerance = 4) {
    cases.push_back({name, std::move(image), suffix, std::move(wanted), tolerance});
  };
  add("jpeg", plain(), ".jpg[Q=95]", teal);
  add("progressive jpeg", plain(), ".jpg[Q=95,interlace]", teal);
  add("grey jpeg", solid(60, 40, {77}), ".jpg", {77});
  add("cmyk jpeg without a profile", solid(60, 40, {0, 0, 0, 255}), ".jpg[strip]", {0, 10, 15}, 12);
  add("white cmyk jpeg", solid(60, 40, {0, 0, 0, 0}), ".jpg[strip]", kWhite);
  add("cmyk jpeg", in_profile(plain(), "cmyk"), ".jpg[Q=95]", teal, 10);
  add("cmyk tiff", in_profile(plain(), "cmyk"), ".tiff", teal, 10);
  add("wide gamut jpeg", in_profile(plain(), "p3"), ".jpg[Q=95]", teal);
  add("wide gamut png", in_profile(plain(), "p3"), ".png", teal);
  add("wide gamut webp", in_profile(plain(), "p3"), ".webp[lossless]", teal);
  add("srgb profile", in_profile(plain(), "srgb"), ".jpg[Q=95]", teal);
  add("16-bit png", to_16_bit(plain()), ".png", teal);
  add("16-bit tiff", to_16_bit(plain()), ".tiff", teal);
  add("grey 16-bit png", to_16_bit(solid(60, 40, {77})), ".png", {77});
  add("palette png", plain(), ".png[palette]", teal);
  add("interlaced png", plain(), ".png[interlace]", teal);
  add("png, half clear", with_alpha(plain(), 127.5), ".png", {148, 198, 193});
  add("png, all clear", with_alpha(plain(), 0), ".png", kWhite);
  add("16-bit png, half clear", with_alpha(to_16_bit(plain()), 32768), ".png", {148, 198, 193});
  add("grey png, half clear", with_alpha(solid(60, 40, {77}), 127.5), ".png", {166});
  add("webp, half clear", with_alpha(plain(), 127.5), ".webp[lossless]", {148, 198, 193});
  add("tiff, half clear", with_alpha(plain(), 127.5), ".tiff", {148, 198, 193});
  add("wide gamut png, half clear", with_alpha(in_profile(plain(), "p3"), 127.5), ".png",
      {148, 198, 193}, 9);
  add("gif", plain(), ".gif", teal, 8);
  add("animated gif", animation({teal, kRed, kBlue}, 60, 40), ".gif", teal, 8);
  add("animated webp", animation({teal, kRed, kBlue}, 60, 40), ".webp[lossless]", teal);
  add("webp", plain(), ".webp[Q=95]", teal, 6);
  add("tiled tiff", plain(), ".tiff[tile,compression=lzw]", teal);
  add("tiff in jpeg", plain(), ".tiff[compression=jpeg,Q=95]", teal, 6);
  add("avif", plain(), ".avif[Q=95]", teal, 6);
  add("profile that is none", with_blob(plain(), VIPS_META_ICC_NAME, to_bytes("no profile")),
      ".jpg[Q=95]", teal);
  return cases;
}

TEST(Render, ComesOutInTheRightColours) {
  for (const ColourCase& one : colour_cases()) {
    SCOPED_TRACE(one.name);
    const auto rendered = render_stored(encode(one.image, one.suffix), Config{});
    ASSERT_TRUE(rendered) << rendered.error().message();
    for (const RenderedSize& size : rendered.value().sizes) {
      const Image decoded = decode(size.bytes);
      expect_near(pixel(decoded, 20, 20), one.wanted, one.tolerance);
    }
  }
}

// A bright colour of a wide gamut, read without its profile, would look dull.
TEST(Render, UsesTheProfileOfAWideGamut) {
  const Image red = in_profile(solid(60, 40, kRed), "p3");
  ASSERT_GT(pixel(red, 1, 1)[1], 40);
  const auto size = render_one(encode(red, ".png"), SizeCode::kMedium, Config{});
  ASSERT_TRUE(size);
  expect_near(pixel(decode(size.value().bytes), 20, 20), kRed, 6);
}

TEST(Render, LeavesNoMetadata) {
  Image told = as_stored(in_profile(quadrants(300, 200), "p3"), 6);
  told = with_text(told, "exif-ifd3-GPSLatitude", "59/1 19/1 0/1");
  told = with_text(told, "exif-ifd0-Artist", "somebody");
  told = with_blob(told, VIPS_META_XMP_NAME, to_bytes("<x:xmpmeta>here</x:xmpmeta>"));
  for (const char* suffix : {".jpg", ".webp", ".tiff", ".png"}) {
    const Bytes bytes = encode(told, suffix);
    for (const RenderedSize& size : must_render(bytes).sizes) {
      EXPECT_THAT(jpeg_markers(size.bytes),
                  ::testing::Each(::testing::AnyOf(0xe0, 0xdb, 0xc0, 0xc4, 0xda)))
          << suffix;
      EXPECT_EQ(as_text(size.bytes).find("somebody"), std::string_view::npos);
    }
  }
}

// Baseline, chroma halved along both sides, and Huffman tables that are not the standard ones.
TEST(Render, WritesSmallBaselineJpeg) {
  const Rendered rendered = must_render(encode(quadrants(300, 200), ".png"));
  for (const RenderedSize& size : rendered.sizes) {
    EXPECT_EQ(size.format, photo::Format::kJpeg);
    const std::string_view text = as_text(size.bytes);
    const auto frame = text.find("\xff\xc0");
    ASSERT_NE(frame, std::string_view::npos);
    EXPECT_EQ(text[frame + 11], 0x22);
    const auto tables = text.find("\xff\xc4");
    ASSERT_NE(tables, std::string_view::npos);
    EXPECT_LT(static_cast<unsigned char>(text[tables + 3]) + 256 * text[tables + 2], 31);
  }
}

TEST(Render, RefusesWhatIsCutShort) {
  const Image detailed = [] {
    VipsImage* noise = nullptr;
    EXPECT_EQ(vips_gaussnoise(&noise, 400, 300, "mean", 128.0, "sigma", 40.0, nullptr), 0);
    const Image owner(noise);
    VipsImage* out = nullptr;
    EXPECT_EQ(vips_cast(noise, &out, VIPS_FORMAT_UCHAR, nullptr), 0);
    return Image(out);
  }();
  for (const char* suffix : {".jpg", ".jpg[interlace]", ".png", ".png[interlace]", ".gif", ".webp",
                             ".tiff", ".tiff[compression=lzw]", ".avif"}) {
    const Bytes whole = encode(detailed, suffix);
    for (const double part : {0.01, 0.1, 0.5, 0.9}) {
      const auto kept = static_cast<std::size_t>(part * static_cast<double>(whole.size()));
      const auto rendered = render_stored(ByteView(whole).first(kept), Config{});
      ASSERT_FALSE(rendered) << suffix << " " << part;
      EXPECT_EQ(rendered.error().code, ErrorCode::kUnprocessable) << suffix << " " << part;
    }
  }
}

TEST(Render, RefusesMoreChannelsThanAPictureHas) {
  VipsImage* many = nullptr;
  ASSERT_EQ(vips_black(&many, 10, 10, "bands", 9, nullptr), 0);
  const auto rendered = render_stored(encode(Image(many), ".tiff"), Config{});
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().code, ErrorCode::kUnsupported);
}

TEST(Render, LeavesNoTextBehind) {
  const Bytes whole = encode(quadrants(300, 200), ".jpg");
  ASSERT_FALSE(render_stored(ByteView(whole).first(whole.size() / 2), Config{}));
  EXPECT_STREQ(vips_error_buffer(), "");
  const Image odd = with_blob(quadrants(300, 200), VIPS_META_ICC_NAME, to_bytes("no profile"));
  ASSERT_TRUE(render_stored(encode(odd, ".jpg"), Config{}));
  EXPECT_STREQ(vips_error_buffer(), "");
}

TEST(Render, WorksOnManyThreadsAtOnce) {
  const Bytes good = encode(quadrants(300, 200), ".jpg");
  const ByteView bad = ByteView(good).first(good.size() / 2);
  std::vector<int> right(4, 0);
  std::vector<std::thread> threads;
  for (int& count : right) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const auto yes = render_stored(good, Config{});
        const auto no = render_stored(bad, Config{});
        count += yes.has_value() && yes.value().sizes.size() == 4 && no.has_error();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(right, ::testing::Each(10));
}

}  // namespace
}  // namespace farm::image
