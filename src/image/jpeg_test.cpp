// JPEG in every kind that cameras and programs write, and in some that only attackers do.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "image/image.h"
#include "image/jpeg_for_test.h"
#include "image/jpeg_scans.h"
#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::SizeCode;
using namespace image::testing;

constexpr int kWidth = 1301;  // odd, and not a multiple of any block
constexpr int kHeight = 907;

// Brightness and colour that change slowly: what comes out can be told at every pixel.
std::array<double, 3> wanted_at(double x, double y) {  // 0 to 1 each
  return {40 + 170 * x, 60 + 120 * y, 200 - 150 * x * y};
}

Rgb gradient(int width, int height) {
  Rgb rgb{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const double value : wanted_at((x + 0.5) / width, (y + 0.5) / height)) {
        rgb.samples.push_back(static_cast<std::uint8_t>(std::lround(value)));
      }
    }
  }
  return rgb;
}

void expect_gradient(const Image& image, double tolerance) {
  const auto [width, height] = dimensions(image);
  for (const double x : {0.02, 0.3, 0.5, 0.71, 0.98}) {
    for (const double y : {0.02, 0.3, 0.5, 0.71, 0.98}) {
      const int column = static_cast<int>(x * width);
      const int row = static_cast<int>(y * height);
      const auto wanted = wanted_at((column + 0.5) / width, (row + 0.5) / height);
      const Colour found = pixel(image, column, row);
      ASSERT_EQ(found.size(), 3);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(found[i], wanted[i], tolerance) << column << "," << row << " channel " << i;
      }
    }
  }
}

class JpegKind : public ::testing::TestWithParam<JpegMaking> {};

TEST_P(JpegKind, ComesOutAsItWas) {
  const Bytes bytes = make_jpeg(gradient(kWidth, kHeight), GetParam());
  const auto rendered = render_stored(bytes, Config{});
  ASSERT_TRUE(rendered) << rendered.error().message();
  ASSERT_EQ(rendered.value().sizes.size(), 5);
  for (const RenderedSize& size : rendered.value().sizes) {
    SCOPED_TRACE(static_cast<char>(size.code));
    const Image decoded = decode(size.bytes);
    EXPECT_EQ(dimensions(decoded), photo::scaled({kWidth, kHeight}, photo::spec_of(size.code)));
    if (size.code != SizeCode::kSquare) expect_gradient(decoded, 5);
  }
}

TEST_P(JpegKind, ComesOutAtEveryScaleOfDecoding) {
  const Bytes bytes = make_jpeg(gradient(kWidth, kHeight), GetParam());
  for (const SizeCode code :
       {SizeCode::kLarge2048, SizeCode::kMedium800, SizeCode::kSmall320, SizeCode::kThumbnail}) {
    SCOPED_TRACE(static_cast<char>(code));
    const auto size = render_one(bytes, code, Config{});
    ASSERT_TRUE(size);
    expect_gradient(decode(size.value().bytes), 5);
  }
}

TEST_P(JpegKind, IsRefusedWhereItIsCutShort) {
  const Bytes bytes = make_jpeg(gradient(kWidth, kHeight), GetParam());
  for (const double part : {0.3, 0.6, 0.9}) {
    const auto kept = static_cast<std::size_t>(part * static_cast<double>(bytes.size()));
    const auto refused = render_stored(ByteView(bytes).first(kept), Config{});
    ASSERT_FALSE(refused) << part;
    EXPECT_EQ(refused.error().code, ErrorCode::kUnprocessable);
    Config lenient;
    lenient.limits.accept_truncated = true;
    EXPECT_TRUE(render_stored(ByteView(bytes).first(kept), lenient)) << part;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Jpeg, JpegKind,
    ::testing::Values(JpegMaking{.name = "444", .across = 1, .down = 1},
                      JpegMaking{.name = "422", .across = 2, .down = 1},
                      JpegMaking{.name = "420", .across = 2, .down = 2},
                      JpegMaking{.name = "440", .across = 1, .down = 2},
                      JpegMaking{.name = "411", .across = 4, .down = 1},
                      JpegMaking{.name = "410", .across = 4, .down = 2},
                      JpegMaking{
                          .name = "progressive", .across = 2, .down = 2, .progressive = true},
                      JpegMaking{.name = "restarts", .across = 2, .down = 2, .restart_rows = 1},
                      JpegMaking{.name = "arithmetic", .across = 2, .down = 2, .arithmetic = true},
                      JpegMaking{.name = "rgb", .across = 1, .down = 1, .rgb = true}),
    [](const auto& made) { return std::string(made.param.name); });

// A thumbnail is a whole JPEG inside of one.
TEST(Jpeg, IsNotItsThumbnail) {
  Bytes bytes = make_jpeg(gradient(640, 480), {.across = 2, .down = 2});
  const Bytes thumbnail = make_jpeg(gradient(160, 120), {.across = 2, .down = 2});
  Bytes segment = {std::byte{0xff}, std::byte{0xe1}};
  const std::size_t length = thumbnail.size() + 2;
  ASSERT_LT(length, 65536);
  segment.push_back(static_cast<std::byte>(length >> 8));
  segment.push_back(static_cast<std::byte>(length & 0xff));
  segment.insert(segment.end(), thumbnail.begin(), thumbnail.end());
  bytes.insert(bytes.begin() + 2, segment.begin(), segment.end());
  const auto rendered = render_stored(bytes, Config{});
  ASSERT_TRUE(rendered);
  EXPECT_EQ(rendered.value().picture.dimensions, (Dimensions{640, 480}));
}

// As phones append gain maps, depth and moving pictures.
TEST(Jpeg, EndsBeforeWhatIsAppended) {
  Bytes bytes = make_jpeg(gradient(640, 480), {.across = 2, .down = 2});
  const auto alone = render_stored(bytes, Config{});
  const Bytes second = make_jpeg(gradient(320, 240), {.across = 2, .down = 2});
  bytes.insert(bytes.end(), second.begin(), second.end());
  const auto both = render_stored(bytes, Config{});
  ASSERT_TRUE(alone);
  ASSERT_TRUE(both);
  for (std::size_t i = 0; i < both.value().sizes.size(); ++i) {
    EXPECT_EQ(both.value().sizes[i].bytes, alone.value().sizes[i].bytes);
  }
}

// Some cameras and programs leave out the last marker; nothing of the picture is missing.
TEST(Jpeg, IsWholeWithoutItsLastMarker) {
  const Bytes bytes = make_jpeg(gradient(640, 480), {.across = 2, .down = 2});
  EXPECT_TRUE(render_stored(ByteView(bytes).first(bytes.size() - 2), Config{}));
}

TEST(Jpeg, HasItsScansCountedBeforeTheyAreDecoded) {
  const Rgb rgb = gradient(400, 300);
  const Bytes baseline = make_jpeg(rgb, {.across = 2, .down = 2});
  const Bytes progressive = make_jpeg(rgb, {.across = 2, .down = 2, .progressive = true});
  EXPECT_EQ(count_scans(baseline, 100), 1);
  EXPECT_EQ(count_scans(progressive, 100), 10);
  EXPECT_EQ(count_scans(progressive, 3), 4);
  EXPECT_EQ(count_scans({}, 3), 0);
  EXPECT_EQ(count_scans(as_bytes("\xff\xd8\xff\xda\xff"), 3), 1);

  const Bytes bomb = with_scans_repeated(progressive, 200);
  EXPECT_EQ(count_scans(bomb, 1000), 210);
  const auto refused = render_stored(bomb, Config{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  Config more;
  more.limits.max_scans = 1000;
  EXPECT_TRUE(render_stored(bomb, more));
}

// Every byte of a small one in turn is another: refused or rendered, never worse.
TEST(Jpeg, SurvivesAnyWrongByte) {
  for (const bool progressive : {false, true}) {
    const Bytes good =
        make_jpeg(gradient(40, 30), {.across = 2, .down = 2, .progressive = progressive});
    std::size_t rendered = 0;
    for (std::size_t at = 2; at < good.size(); ++at) {
      Bytes bad = good;
      bad[at] ^= std::byte{static_cast<unsigned char>(1U << (at % 8))};
      const auto result = render_stored(bad, Config{});
      if (result) ++rendered;
    }
    EXPECT_GT(rendered, 0);
  }
}

}  // namespace
}  // namespace farm::image
