#include "image/rotate_jpeg.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "image/exif.h"
#include "image/exif_upright.h"
#include "image/image.h"
#include "image/pictures_for_test.h"
#include "image/tiff_directory.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using namespace image::testing;

Bytes pixels(ByteView jpeg) {
  const Visit visit;
  const auto read = into_memory(decode(jpeg));
  const auto* data = static_cast<const std::byte*>(vips_image_get_data(read.value().get()));
  return Bytes(data, data + VIPS_IMAGE_SIZEOF_IMAGE(read.value().get()));
}

Bytes turned(const Bytes& jpeg, int degrees) {
  const auto made = rotate(jpeg, {degrees}, Config{});
  EXPECT_TRUE(made);
  return made ? made.value() : Bytes{};
}

// Sides of whole coded blocks, at this sampling of colours.
struct Kind {
  const char* suffix;
  int width, height;
};
const Kind kKinds[] = {{".jpg[Q=80,subsample_mode=on]", 160, 112},
                       {".jpg[Q=80,subsample_mode=off]", 168, 104},
                       {".jpg[Q=80,interlace]", 160, 112},
                       {".jpg[Q=80,optimize_coding]", 320, 240}};

TEST(LosslessRotation, FourQuartersAreThePictureItself) {
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(kind.suffix);
    const Bytes original = encode(quadrants(kind.width, kind.height), kind.suffix);
    Bytes jpeg = original;
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(rotate_jpeg(jpeg, 1, 90));
      jpeg = turned(jpeg, 90);
    }
    EXPECT_EQ(pixels(jpeg), pixels(original));
    EXPECT_LE(jpeg.size(), original.size() * 21 / 20 + 600);
    EXPECT_EQ(pixels(turned(turned(original, 180), 180)), pixels(original));
    EXPECT_EQ(pixels(turned(turned(original, 270), 90)), pixels(original));
  }
}

TEST(LosslessRotation, FoldsEveryOrientationIn) {
  const Image upright = quadrants(160, 128);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    const Bytes original = encode(as_stored(upright, orientation), ".jpg[Q=95]");
    for (const int degrees : {90, 180, 270}) {
      const auto made = rotate_jpeg(original, orientation, degrees);
      ASSERT_TRUE(made) << degrees;
      const Image decoded = decode(*made);
      EXPECT_EQ(vips_image_get_orientation(decoded.get()), 1);
      EXPECT_EQ(dimensions(decoded),
                degrees == 180 ? (Dimensions{160, 128}) : (Dimensions{128, 160}));
      const auto found = quadrant_colours(decoded);
      const Colour top_left = degrees == 90 ? kBlue : degrees == 180 ? kWhite : kGreen;
      for (std::size_t band = 0; band < 3; ++band) {
        EXPECT_NEAR(found[0][band], top_left[band], 10) << degrees;
      }
    }
  }
}

TEST(LosslessRotation, LeavesTheRestToReEncoding) {
  const Bytes odd = encode(quadrants(161, 121), ".jpg");
  EXPECT_FALSE(rotate_jpeg(odd, 1, 90));
  EXPECT_EQ(dimensions(decode(turned(odd, 90))), (Dimensions{121, 161}));
  const Bytes whole = encode(quadrants(160, 112), ".jpg");
  EXPECT_FALSE(rotate_jpeg(ByteView(whole).first(whole.size() * 2 / 3), 1, 90));
  EXPECT_FALSE(rotate_jpeg(whole, 0, 90));
  EXPECT_FALSE(rotate_jpeg({}, 1, 90));
  EXPECT_FALSE(rotate_jpeg(as_bytes("\xff\xd8\xff"), 1, 90));
}

TEST(LosslessRotation, KeepsProfileAndExifButNothingOfTheOldPicture) {
  Image told = as_stored(in_profile(quadrants(160, 128), "p3"), 6);
  told = with_text(told, "exif-ifd0-Artist", "somebody");
  told = with_text(told, "exif-ifd0-Model", "X100");
  told = with_text(told, "exif-ifd2-DateTimeOriginal", "2024:05:01 12:30:00");
  told = with_text(told, "exif-ifd3-GPSLatitudeRef", "N");
  told = with_blob(told, VIPS_META_XMP_NAME, to_bytes("<x:xmpmeta>crop</x:xmpmeta>"));
  told = with_blob(told, "jpeg-thumbnail-data", encode(quadrants(16, 12), ".jpg[strip]"));
  const Bytes original = encode(told, ".jpg[Q=95]");
  const auto made = rotate_jpeg(original, 6, 90);
  ASSERT_TRUE(made);
  const Image decoded = decode(*made);
  const auto has = [&](const char* field) {
    return vips_image_get_typeof(decoded.get(), field) != 0;
  };
  EXPECT_TRUE(has(VIPS_META_ICC_NAME));
  EXPECT_TRUE(has("exif-ifd0-Artist"));
  EXPECT_TRUE(has("exif-ifd3-GPSLatitudeRef"));
  EXPECT_FALSE(has("jpeg-thumbnail-data"));
  EXPECT_FALSE(has(VIPS_META_XMP_NAME));
  EXPECT_EQ(vips_image_get_orientation(decoded.get()), 1);
  const Shot shot = read_shot(*find_exif(*made, photo::Format::kJpeg));
  EXPECT_EQ(shot.camera, "X100");
  EXPECT_EQ(shot.taken_at, "2024-05-01T12:30:00");
}

TEST(UprightExif, LeavesOutMakerNotesAndTheThumbnailsDirectory) {
  // One directory with a model and maker notes, and a second one that it points to.
  Bytes block = to_bytes(std::string_view("II*\0\x08\0\0\0\x02\0", 10));
  const std::string_view model = "X100 by hand";
  const std::string_view notes = "a preview as it was";
  const auto entry = [&](std::uint16_t tag, std::uint16_t type, std::size_t count, std::size_t at) {
    const std::size_t end = block.size();
    block.resize(end + 12);
    store_le(block, end, tag);
    store_le(block, end + 2, type);
    store_le(block, end + 4, static_cast<std::uint32_t>(count));
    store_le(block, end + 8, static_cast<std::uint32_t>(at));
  };
  constexpr std::size_t kValues = 8 + 2 + 24 + 4;
  entry(272, 2, model.size(), kValues);
  entry(37500, 7, notes.size(), kValues + model.size());
  block.resize(kValues);
  store_le(block, kValues - 4, static_cast<std::uint32_t>(kValues + model.size() + notes.size()));
  for (const std::string_view text : {model, notes}) {
    block.insert(block.end(), as_bytes(text).begin(), as_bytes(text).end());
  }
  const Bytes second = to_bytes(std::string_view("\x01\0\x01\2\4\0\1\0\0\0thum\0\0\0\0", 18));
  block.insert(block.end(), second.begin(), second.end());
  const Bytes made = upright_exif(block, false);
  EXPECT_EQ(read_shot(made).camera, model);
  EXPECT_EQ(as_text(made).find("preview"), std::string_view::npos);
  EXPECT_EQ(as_text(made).find("thum"), std::string_view::npos);
}

TEST(UprightExif, ExchangesWidthAndHeight) {
  // II, one directory: orientation 6, width 300, height 200.
  Bytes block = to_bytes(std::string_view("II*\0\x08\0\0\0\x03\0", 10));
  const auto entry = [&](std::uint16_t tag, std::uint16_t value) {
    const std::size_t at = block.size();
    block.resize(at + 12);
    store_le(block, at, tag);
    store_le(block, at + 2, std::uint16_t{3});
    store_le(block, at + 4, std::uint32_t{1});
    store_le(block, at + 8, value);
  };
  entry(256, 300);
  entry(257, 200);
  entry(274, 6);
  block.resize(block.size() + 4);
  for (const bool sideways : {true, false}) {
    const Bytes made = upright_exif(block, sideways);
    const auto head = read_tiff_head(made);
    ASSERT_TRUE(head);
    const auto main = TiffDirectory::read(made, *head, head->first_directory);
    ASSERT_TRUE(main);
    EXPECT_EQ(main->number(256), sideways ? 200u : 300u);
    EXPECT_EQ(main->number(257), sideways ? 300u : 200u);
    EXPECT_EQ(main->number(274), 1u);
  }
  for (std::size_t length = 0; length < block.size(); ++length) {
    (void)upright_exif(Bytes(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(length)),
                       true);
  }
}

}  // namespace
}  // namespace farm::image
