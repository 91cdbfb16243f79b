#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "image/image.h"
#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::Format;
using namespace image::testing;

void expect_colours(const Image& image, const std::array<Colour, 4>& wanted) {
  const auto found = quadrant_colours(image);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t band = 0; band < 3; ++band) {
      EXPECT_NEAR(found[i][band], wanted[i][band], 10) << "quadrant " << i;
    }
  }
}

struct Kind {
  const char* suffix;
  Format written;
  bool has_orientation = true;
};

const Kind kKinds[] = {
    {".jpg[Q=95]", Format::kJpeg}, {".png", Format::kPng},   {".gif", Format::kGif, false},
    {".webp", Format::kWebp},      {".tiff", Format::kJpeg}, {".avif", Format::kJpeg, false},
};

TEST(Rotate, TurnsClockwiseInThePicturesOwnFormat) {
  struct Turn {
    int degrees;
    Dimensions dimensions;
    std::array<Colour, 4> colours;
  };
  const Turn turns[] = {
      {90, {120, 160}, {kBlue, kRed, kWhite, kGreen}},
      {180, {160, 120}, {kWhite, kBlue, kGreen, kRed}},
      {270, {120, 160}, {kGreen, kWhite, kRed, kBlue}},
  };
  for (const Kind& kind : kKinds) {
    const Bytes original = encode(quadrants(160, 120), kind.suffix);
    for (const Turn& turn : turns) {
      SCOPED_TRACE(kind.suffix + std::to_string(turn.degrees));
      const auto edited = rotate(original, {turn.degrees}, Config{});
      ASSERT_TRUE(edited) << edited.error().message();
      EXPECT_EQ(identify(edited.value()).value(), kind.written);
      const Image decoded = decode(edited.value());
      EXPECT_EQ(dimensions(decoded), turn.dimensions);
      expect_colours(decoded, turn.colours);
    }
  }
}

TEST(Rotate, TurnsWhatIsSeenUpright) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    const Bytes original = encode(as_stored(quadrants(160, 120), orientation), ".jpg[Q=95]");
    const auto edited = rotate(original, {90}, Config{});
    ASSERT_TRUE(edited);
    const Image decoded = decode(edited.value());
    EXPECT_EQ(vips_image_get_orientation(decoded.get()), 1);
    EXPECT_EQ(dimensions(decoded), (Dimensions{120, 160}));
    expect_colours(decoded, {kBlue, kRed, kWhite, kGreen});
  }
}

TEST(Rotate, RefusesOtherAngles) {
  const Bytes original = encode(quadrants(16, 12), ".png");
  for (const int degrees : {0, 1, 45, 360, -90}) {
    const auto edited = rotate(original, {degrees}, Config{});
    ASSERT_FALSE(edited);
    EXPECT_EQ(edited.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(Crop, CutsInUprightPixels) {
  for (const Kind& kind : kKinds) {
    for (const int orientation : {1, 6}) {
      if (orientation != 1 && !kind.has_orientation) continue;
      SCOPED_TRACE(kind.suffix + std::to_string(orientation));
      const Bytes original = encode(as_stored(quadrants(160, 120), orientation), kind.suffix);
      const auto edited = crop(original, {.x = 80, .y = 20, .width = 80, .height = 80}, Config{});
      ASSERT_TRUE(edited) << edited.error().message();
      EXPECT_EQ(identify(edited.value()).value(), kind.written);
      const Image decoded = decode(edited.value());
      EXPECT_EQ(dimensions(decoded), (Dimensions{80, 80}));
      expect_colours(decoded, {kGreen, kGreen, kWhite, kWhite});
    }
  }
}

TEST(Crop, RefusesWhatIsNotInside) {
  const Bytes original = encode(as_stored(quadrants(160, 120), 6), ".jpg");
  const Crop wrong[] = {{0, 0, 0, 10},           {0, 0, 10, 0},         {0, 0, 161, 10},
                        {0, 0, 10, 121},         {160, 0, 1, 1},        {150, 0, 11, 10},
                        {1, 0, 0xffffffffu, 10}, {0xffffffffu, 0, 2, 2}};
  for (const Crop& area : wrong) {
    const auto edited = crop(original, area, Config{});
    ASSERT_FALSE(edited);
    EXPECT_EQ(edited.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(edited.error().context, ::testing::HasSubstr("160x120"));
  }
  EXPECT_TRUE(crop(original, {0, 0, 160, 120}, Config{}));
}

TEST(Edit, KeepsAnimationsMoving) {
  for (const char* suffix : {".gif", ".webp[lossless]"}) {
    SCOPED_TRACE(suffix);
    const Bytes original = encode(animation({kRed, kGreen, kBlue}, 60, 40), suffix);
    const auto turned = rotate(original, {90}, Config{});
    ASSERT_TRUE(turned) << turned.error().message();
    const Image frames = decode_all_frames(turned.value());
    EXPECT_EQ(dimensions(frames), (Dimensions{40, 180}));
    EXPECT_EQ(vips_image_get_page_height(frames.get()), 60);
    EXPECT_EQ(vips_image_get_n_pages(frames.get()), 3);
    EXPECT_NEAR(pixel(frames, 20, 90)[1], kGreen[1], 8);
    EXPECT_NEAR(pixel(frames, 20, 150)[2], kBlue[2], 8);
    int* delay = nullptr;
    int count = 0;
    ASSERT_EQ(vips_image_get_array_int(frames.get(), "delay", &delay, &count), 0);
    EXPECT_EQ(delay[0], 120);

    const auto cut = crop(original, {.x = 10, .y = 5, .width = 20, .height = 30}, Config{});
    ASSERT_TRUE(cut);
    EXPECT_EQ(dimensions(decode_all_frames(cut.value())), (Dimensions{20, 90}));

    Config tight;
    tight.limits.max_pixels = 60 * 40 * 3 - 1;
    const auto refused = rotate(original, {90}, tight);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  }
}

TEST(Edit, KeepsProfileAndExifButNothingOfTheUncutPicture) {
  Image told = as_stored(in_profile(quadrants(160, 120), "p3"), 8);
  told = with_text(told, "exif-ifd0-Artist", "somebody");
  told = with_text(told, "exif-ifd2-MakerNote", "preview");
  told = with_blob(told, VIPS_META_XMP_NAME, to_bytes("<x:xmpmeta>crop</x:xmpmeta>"));
  told = with_blob(told, "jpeg-thumbnail-data", encode(quadrants(16, 12), ".jpg[strip]"));
  const Bytes original = encode(told, ".jpg[Q=95]");
  ASSERT_NE(vips_image_get_typeof(decode(original).get(), "jpeg-thumbnail-data"), 0u);
  const auto edited = crop(original, {.x = 0, .y = 0, .width = 80, .height = 60}, Config{});
  ASSERT_TRUE(edited);
  const Image decoded = decode(edited.value());
  const auto has = [&](const char* field) {
    return vips_image_get_typeof(decoded.get(), field) != 0;
  };
  EXPECT_TRUE(has(VIPS_META_ICC_NAME));
  EXPECT_TRUE(has("exif-ifd0-Artist"));
  EXPECT_FALSE(has("jpeg-thumbnail-data"));
  EXPECT_FALSE(has("exif-ifd2-MakerNote"));
  EXPECT_FALSE(has(VIPS_META_XMP_NAME));
  EXPECT_EQ(vips_image_get_orientation(decoded.get()), 1);
}

TEST(Edit, KeepsAlphaAndDepthWhereTheFormatDoes) {
  const Bytes original = encode(with_alpha(to_16_bit(quadrants(160, 120)), 32768), ".png");
  const auto edited = rotate(original, {180}, Config{});
  ASSERT_TRUE(edited);
  const Image decoded = decode(edited.value());
  EXPECT_EQ(vips_image_get_format(decoded.get()), VIPS_FORMAT_USHORT);
  EXPECT_EQ(vips_image_get_bands(decoded.get()), 4);
  EXPECT_NEAR(pixel(decoded, 5, 5)[3], 32768, 1);
}

TEST(Edit, KeepsCmyk) {
  const Bytes original = encode(in_profile(quadrants(160, 120), "cmyk"), ".jpg");
  const auto edited = rotate(original, {180}, Config{});
  ASSERT_TRUE(edited);
  EXPECT_EQ(vips_image_get_bands(decode(edited.value()).get()), 4);
  const auto before = render_one(original, photo::SizeCode::kSmall, Config{});
  const auto after = render_one(edited.value(), photo::SizeCode::kSmall, Config{});
  ASSERT_TRUE(before);
  ASSERT_TRUE(after);
  const auto was = quadrant_colours(decode(before.value().bytes));
  expect_colours(decode(after.value().bytes), {was[3], was[2], was[1], was[0]});
}

TEST(Edit, RefusesADamagedOriginal) {
  const Bytes whole = encode(quadrants(160, 120), ".png");
  const auto edited = rotate(ByteView(whole).first(whole.size() / 2), {90}, Config{});
  ASSERT_FALSE(edited);
  EXPECT_EQ(edited.error().code, ErrorCode::kUnprocessable);
}

}  // namespace
}  // namespace farm::image
