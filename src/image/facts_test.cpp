#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "image/byte_order.h"
#include "image/exif.h"
#include "image/glance.h"
#include "image/image.h"
#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

using namespace std::string_view_literals;
using namespace image::testing;

struct Field {
  std::uint16_t tag;
  std::string text;  // written with its NUL
};

// A block of EXIF in either byte order: IFD0, the EXIF directory, then the texts.
class ExifWriter {
 public:
  explicit ExifWriter(ByteOrder order) : order_(order) {}

  Bytes write(const std::vector<Field>& main, const std::vector<Field>& detail) {
    bytes_ = to_bytes(order_ == ByteOrder::kBig ? "MM"sv : "II"sv);
    number<std::uint16_t>(42);
    number<std::uint32_t>(8);
    const std::size_t detail_at = 8 + 2 + 12 * (main.size() + 1) + 4;
    texts_at_ = detail_at + 2 + 12 * detail.size() + 4;
    number(static_cast<std::uint16_t>(main.size() + 1));
    for (const Field& field : main) entry(field);
    number<std::uint16_t>(34665);
    number<std::uint16_t>(4);
    number<std::uint32_t>(1);
    number(static_cast<std::uint32_t>(detail_at));
    number<std::uint32_t>(0);
    number(static_cast<std::uint16_t>(detail.size()));
    for (const Field& field : detail) entry(field);
    number<std::uint32_t>(0);
    bytes_.insert(bytes_.end(), texts_.begin(), texts_.end());
    return bytes_;
  }

 private:
  template <class T>
  void number(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const std::size_t shift = 8 * (order_ == ByteOrder::kBig ? sizeof(T) - 1 - i : i);
      bytes_.push_back(static_cast<std::byte>(value >> shift & 255));
    }
  }
  void entry(const Field& field) {
    // What has at most four bytes would stand in the entry itself.
    const std::string padded = field.text + std::string(5, '\0');
    number(field.tag);
    number<std::uint16_t>(2);
    number(static_cast<std::uint32_t>(padded.size()));
    number(static_cast<std::uint32_t>(texts_at_ + texts_.size()));
    const Bytes text = to_bytes(padded);
    texts_.insert(texts_.end(), text.begin(), text.end());
  }

  ByteOrder order_;
  Bytes bytes_;
  Bytes texts_;
  std::size_t texts_at_ = 0;
};

Bytes exif(const std::vector<Field>& main, const std::vector<Field>& detail,
           ByteOrder order = ByteOrder::kLittle) {
  return ExifWriter(order).write(main, detail);
}

const std::vector<Field> kCamera = {{271, "NIKON"}, {272, "COOLPIX P6000"}};
const std::vector<Field> kTimes = {{36867, "2024:05:01 12:30:00"}, {36881, "+02:00"}};

TEST(Exif, TellsTimeAndCameraInBothByteOrders) {
  for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    const Shot shot = read_shot(exif(kCamera, kTimes, order));
    EXPECT_EQ(shot.taken_at, "2024-05-01T12:30:00+02:00");
    EXPECT_EQ(shot.camera, "NIKON COOLPIX P6000");
  }
}

TEST(Exif, KeepsLocalTimeWhereNoOffsetIsKnown) {
  EXPECT_EQ(read_shot(exif({}, {kTimes[0]})).taken_at, "2024-05-01T12:30:00");
  EXPECT_EQ(read_shot(exif({}, {kTimes[0], {36881, "   :  "}})).taken_at, "2024-05-01T12:30:00");
}

TEST(Exif, LeavesOutNonsense) {
  for (const auto time : {"0000:00:00 00:00:00", "    :  :     :  :  ", "2024:05:01", "yesterday",
                          "2024:13:01 12:30:00", ""}) {
    EXPECT_EQ(read_shot(exif({}, {{36867, time}})).taken_at, "") << time;
  }
  EXPECT_EQ(read_shot({}).camera, "");
  EXPECT_EQ(read_shot(as_bytes("II*\0\xff\xff\xff\xff")).camera, "");
}

TEST(Exif, CleansTheCamerasName) {
  const auto camera = [](std::string make, std::string model) {
    return read_shot(exif({{271, std::move(make)}, {272, std::move(model)}}, {})).camera;
  };
  EXPECT_EQ(camera("Canon", "Canon EOS 5D"), "Canon EOS 5D");
  EXPECT_EQ(camera("CANON", "Canon EOS 5D"), "Canon EOS 5D");
  EXPECT_EQ(camera("  Apple ", "iPhone 13   "), "Apple iPhone 13");
  EXPECT_EQ(camera("Apple", ""), "Apple");
  EXPECT_EQ(camera("", "X100"), "X100");
  EXPECT_EQ(camera("a\nb\x7f", "c\xff\xfe\x1b[31m"), "ab c[31m");
  EXPECT_EQ(camera("", "\xc2\x9bz\xc3\xa4"), "z\xc3\xa4");
  EXPECT_EQ(camera("M", std::string(200, 'x')).size(), 64u);
  // Never half of a character.
  EXPECT_EQ(camera("", std::string(63, 'x') + "\xc3\xa4"), std::string(63, 'x'));
}

TEST(Exif, IsNeverReadOutsideItself) {
  const Bytes block = exif(kCamera, kTimes);
  for (std::size_t length = 0; length < block.size(); ++length) {
    const Bytes cut(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(length));
    (void)read_shot(cut);
  }
}

TEST(Exif, IsFoundInEveryFormat) {
  Bytes block = to_bytes("Exif\0\0"sv);
  const Bytes told = exif(kCamera, kTimes);
  block.insert(block.end(), told.begin(), told.end());
  const Image picture = with_blob(quadrants(160, 120), VIPS_META_EXIF_NAME, block);
  for (const char* suffix : {".jpg", ".png", ".webp", ".avif"}) {
    SCOPED_TRACE(suffix);
    const auto rendered = render_stored(encode(picture, suffix), Config{});
    ASSERT_TRUE(rendered) << rendered.error().message();
    EXPECT_EQ(rendered.value().facts.taken_at, "2024-05-01T12:30:00+02:00");
    EXPECT_EQ(rendered.value().facts.camera, "NIKON COOLPIX P6000");
  }
  for (const char* suffix : {".gif", ".tiff"}) {
    const auto rendered = render_stored(encode(quadrants(160, 120), suffix), Config{});
    ASSERT_TRUE(rendered);
    EXPECT_EQ(rendered.value().facts.camera, "");
    EXPECT_FALSE(rendered.value().facts.thumb_hash.empty());
  }
}

// ---- At a glance -----------------------------------------------------------------------------

RgbPixels pixels_of(const Bytes& bytes, std::uint32_t width, std::uint32_t height) {
  return {bytes, width, height};
}

Bytes filled(std::size_t count, std::uint32_t colour) {
  Bytes bytes;
  for (std::size_t i = 0; i < count; ++i) {
    for (const int shift : {16, 8, 0})
      bytes.push_back(static_cast<std::byte>(colour >> shift & 255));
  }
  return bytes;
}

// The fields of the head, as the specification lays them out.
struct Head {
  double lightness, yellow_blue, red_green;
  std::uint32_t waves;
  bool landscape;
};
Head read_head(const Bytes& hash) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(hash.at(i)); };
  const std::uint32_t first = at(0) | at(1) << 8 | at(2) << 16;
  const std::uint32_t second = at(3) | at(4) << 8;
  return {(first & 63) / 63.0, (first >> 6 & 63) / 31.5 - 1, (first >> 12 & 63) / 31.5 - 1,
          second & 7, second >> 15 != 0};
}

TEST(ThumbHash, CarriesTheMeanColourAndTheProportions) {
  const Bytes blue = filled(std::size_t{100} * 50, 0x2040c0);
  const Bytes hash = thumb_hash(pixels_of(blue, 100, 50));
  const Head head = read_head(hash);
  const double red = 0x20 / 255.0, green = 0x40 / 255.0, deep = 0xc0 / 255.0;
  EXPECT_NEAR(head.lightness, (red + green + deep) / 3, 0.01);
  EXPECT_NEAR(head.yellow_blue, (red + green) / 2 - deep, 0.02);
  EXPECT_NEAR(head.red_green, red - green, 0.02);
  EXPECT_TRUE(head.landscape);
  EXPECT_EQ(head.waves, 4u);  // 7 across, 4 down
  EXPECT_EQ(hash.size(), 5 + (18 + 5 + 5) / 2u);
  EXPECT_FALSE(read_head(thumb_hash(pixels_of(blue, 50, 100))).landscape);
}

TEST(ThumbHash, TellsLightAboveFromLightBelow) {
  Bytes above = filled(40 * 20, 0xffffff), below = filled(40 * 20, 0x000000);
  const Bytes dark = below, light = above;
  above.insert(above.end(), dark.begin(), dark.end());
  below.insert(below.end(), light.begin(), light.end());
  const Bytes one = thumb_hash(pixels_of(above, 40, 40));
  const Bytes other = thumb_hash(pixels_of(below, 40, 40));
  EXPECT_EQ(read_head(one).lightness, read_head(other).lightness);
  // The first wave down follows the six across: strongest, and the other way round.
  const auto nibble = [](const Bytes& hash, std::size_t i) {
    return std::to_integer<int>(hash[5 + i / 2]) >> (4 * (i % 2)) & 15;
  };
  EXPECT_EQ(nibble(one, 6), 15);
  EXPECT_EQ(nibble(other, 6), 0);
}

TEST(ThumbHash, TakesASinglePixelAndAThread) {
  EXPECT_FALSE(thumb_hash(pixels_of(filled(1, 0xffffff), 1, 1)).empty());
  EXPECT_LE(thumb_hash(pixels_of(filled(100, 0x808080), 100, 1)).size(), 25u);
  EXPECT_TRUE(thumb_hash(pixels_of({}, 0, 0)).empty());
}

TEST(DominantColour, IsTheOneThereMost) {
  Bytes bytes = filled(60, 0xff0000);
  const Bytes more = filled(70, 0x10a020);
  bytes.insert(bytes.end(), more.begin(), more.end());
  EXPECT_EQ(dominant_colour(pixels_of(bytes, 130, 1)), 0x10a020u);
  EXPECT_EQ(dominant_colour(pixels_of(filled(9, 0xffffff), 3, 3)), 0xffffffu);
}

TEST(DominantColour, IsNotSplitByTheEdgeOfACell) {
  Bytes bytes = filled(50, 0x7f8080);  // one colour to the eye, in two cells
  const Bytes rest = filled(45, 0x808080), other = filled(60, 0xff0000);
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  bytes.insert(bytes.end(), other.begin(), other.end());
  EXPECT_EQ(dominant_colour(pixels_of(bytes, 155, 1)), 0x7f8080u);
}

TEST(Facts, ShowThePictureUpright) {
  const Image tall = as_stored(solid(400, 200, kBlue), 6);
  const auto rendered = render_stored(encode(tall, ".jpg[Q=95]"), Config{});
  ASSERT_TRUE(rendered);
  EXPECT_EQ(rendered.value().facts.dominant_color.substr(0, 1), "#");
  EXPECT_EQ(rendered.value().facts.dominant_color.size(), 7u);
  const std::string grey =
      render_stored(encode(solid(90, 60, {119}), ".png"), Config{}).value().facts.dominant_color;
  EXPECT_EQ(grey, "#777777");
}

}  // namespace
}  // namespace farm::image
