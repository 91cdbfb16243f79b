#include "image/pictures_for_test.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "image/image.h"

namespace farm::image::testing {
namespace {

// The room's own start(), and besides, for making pictures, every writer.
class Libvips : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!start("image_test")) std::abort();
    vips_operation_block_set("VipsForeignSave", FALSE);
  }
  void TearDown() override { vips_shutdown(); }
};

const auto* const kLibvips = ::testing::AddGlobalTestEnvironment(new Libvips);

template <class Step>
Image made(Step&& step) {
  VipsImage* out = nullptr;
  if (step(&out) != 0) {
    std::cerr << "making a test picture: " << vips_error_buffer();
    std::abort();
  }
  return Image(out);
}

VipsInterpretation interpretation_for(std::size_t channels) {
  if (channels <= 2) return VIPS_INTERPRETATION_B_W;
  return channels == 3 ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_CMYK;
}

Image copy_of(const Image& image) {
  return made([&](VipsImage** out) { return vips_copy(image.get(), out, nullptr); });
}

Image rotated(const Image& image, VipsAngle angle) {
  return made([&](VipsImage** out) { return vips_rot(image.get(), out, angle, nullptr); });
}

Image flipped(const Image& image, VipsDirection direction) {
  return made([&](VipsImage** out) { return vips_flip(image.get(), out, direction, nullptr); });
}

Image turned(const Image& upright, int orientation) {
  switch (orientation) {
    case 2:
      return flipped(upright, VIPS_DIRECTION_HORIZONTAL);
    case 3:
      return rotated(upright, VIPS_ANGLE_D180);
    case 4:
      return flipped(upright, VIPS_DIRECTION_VERTICAL);
    case 5:
      return flipped(rotated(upright, VIPS_ANGLE_D90), VIPS_DIRECTION_HORIZONTAL);
    case 6:
      return rotated(upright, VIPS_ANGLE_D270);
    case 7:
      return flipped(rotated(upright, VIPS_ANGLE_D90), VIPS_DIRECTION_VERTICAL);
    case 8:
      return rotated(upright, VIPS_ANGLE_D90);
    default:
      return copy_of(upright);
  }
}

// Only JPEG's writer makes a block of EXIF out of the tag alone; the others want the block.
Bytes exif_with(int orientation) {
  Image tagged = copy_of(solid(1, 1, kWhite));
  vips_image_set_int(tagged.get(), VIPS_META_ORIENTATION, orientation);
  const Bytes jpeg = encode(tagged, ".jpg");
  const Image decoded = decode(jpeg);
  const void* block = nullptr;
  std::size_t size = 0;
  if (vips_image_get_blob(decoded.get(), VIPS_META_EXIF_NAME, &block, &size) != 0) std::abort();
  const auto* first = static_cast<const std::byte*>(block);
  return Bytes(first, first + size);
}

Image load(ByteView bytes, int frames) {
  void* data = const_cast<std::byte*>(bytes.data());  // NOLINT: libvips only reads it
  const std::size_t size = bytes.size();
  const photo::Format format = identify(bytes).value();
  return made([&](VipsImage** out) {
    switch (format) {
      case photo::Format::kPng:
        return vips_pngload_buffer(data, size, out, nullptr);
      case photo::Format::kGif:
        return vips_gifload_buffer(data, size, out, "n", frames, nullptr);
      case photo::Format::kWebp:
        return vips_webpload_buffer(data, size, out, "n", frames, nullptr);
      case photo::Format::kAvif:
        return vips_heifload_buffer(data, size, out, nullptr);
      default:
        return vips_jpegload_buffer(data, size, out, nullptr);
    }
  });
}

}  // namespace

Image solid(int width, int height, const Colour& colour) {
  const Image black =
      made([&](VipsImage** out) { return vips_black(out, width, height, nullptr); });
  const int channels = static_cast<int>(colour.size());
  const std::vector<double> ones(colour.size(), 1);
  const Image filled = made([&](VipsImage** out) {
    return vips_linear(black.get(), out, ones.data(), colour.data(), channels, "uchar", TRUE,
                       nullptr);
  });
  return made([&](VipsImage** out) {
    return vips_copy(filled.get(), out, "interpretation", interpretation_for(colour.size()),
                     nullptr);
  });
}

Image quadrants(int width, int height) {
  const int left = width / 2;
  const int top = height / 2;
  const Image parts[] = {solid(left, top, kRed), solid(width - left, top, kGreen),
                         solid(left, height - top, kBlue),
                         solid(width - left, height - top, kWhite)};
  const auto row = [&](int i) {
    return made([&](VipsImage** out) {
      return vips_join(parts[i].get(), parts[i + 1].get(), out, VIPS_DIRECTION_HORIZONTAL, nullptr);
    });
  };
  const Image upper = row(0);
  const Image lower = row(2);
  return made([&](VipsImage** out) {
    return vips_join(upper.get(), lower.get(), out, VIPS_DIRECTION_VERTICAL, nullptr);
  });
}

Image as_stored(const Image& upright, int orientation) {
  const Image stored = turned(upright, orientation);
  const Bytes exif = exif_with(orientation);
  Image tagged = copy_of(stored);
  vips_image_set_int(tagged.get(), VIPS_META_ORIENTATION, orientation);
  vips_image_set_blob_copy(tagged.get(), VIPS_META_EXIF_NAME, exif.data(), exif.size());
  return tagged;
}

Image animation(const std::vector<Colour>& frames, int width, int height) {
  std::vector<Image> owned;
  std::vector<VipsImage*> column;
  for (const Colour& colour : frames) {
    owned.push_back(solid(width, height, colour));
    column.push_back(owned.back().get());
  }
  const Image joined = made([&](VipsImage** out) {
    return vips_arrayjoin(column.data(), out, static_cast<int>(column.size()), "across", 1,
                          nullptr);
  });
  Image tagged = copy_of(joined);
  vips_image_set_int(tagged.get(), VIPS_META_PAGE_HEIGHT, height);
  const std::vector<int> delays(frames.size(), 120);
  vips_image_set_array_int(tagged.get(), "delay", delays.data(), static_cast<int>(delays.size()));
  return tagged;
}

Image with_alpha(const Image& image, double alpha) {
  return made(
      [&](VipsImage** out) { return vips_bandjoin_const1(image.get(), out, alpha, nullptr); });
}

Image to_16_bit(const Image& image) {
  const bool grey = vips_image_get_bands(image.get()) < 3;
  const auto space = grey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16;
  return made([&](VipsImage** out) { return vips_colourspace(image.get(), out, space, nullptr); });
}

Image in_profile(const Image& srgb, const char* profile) {
  return made([&](VipsImage** out) {
    return vips_icc_transform(srgb.get(), out, profile, "input_profile", "srgb",
                              "black_point_compensation", TRUE, nullptr);
  });
}

Image with_text(const Image& image, const char* field, const char* text) {
  Image tagged = copy_of(image);
  vips_image_set_string(tagged.get(), field, text);
  return tagged;
}

Image with_blob(const Image& image, const char* field, const Bytes& blob) {
  Image tagged = copy_of(image);
  vips_image_set_blob_copy(tagged.get(), field, blob.data(), blob.size());
  return tagged;
}

Bytes encode(const Image& image, const std::string& suffix) {
  void* data = nullptr;
  std::size_t size = 0;
  if (vips_image_write_to_buffer(image.get(), suffix.c_str(), &data, &size, nullptr) != 0) {
    std::cerr << "encoding a test picture: " << vips_error_buffer();
    std::abort();
  }
  const auto* first = static_cast<const std::byte*>(data);
  Bytes bytes(first, first + size);
  g_free(data);
  return bytes;
}

Image decode(ByteView bytes) { return load(bytes, 1); }
Image decode_all_frames(ByteView bytes) { return load(bytes, -1); }

Colour pixel(const Image& image, int x, int y) {
  double* values = nullptr;
  int count = 0;
  if (vips_getpoint(image.get(), &values, &count, x, y, nullptr) != 0) std::abort();
  Colour colour(values, values + count);
  g_free(values);
  return colour;
}

std::array<Colour, 4> quadrant_colours(const Image& image) {
  const auto [width, height] = dimensions(image);
  const int left = static_cast<int>(width) / 4;
  const int top = static_cast<int>(height) / 4;
  return {pixel(image, left, top), pixel(image, 3 * left, top), pixel(image, left, 3 * top),
          pixel(image, 3 * left, 3 * top)};
}

photo::Dimensions dimensions(const Image& image) {
  return {static_cast<std::uint32_t>(vips_image_get_width(image.get())),
          static_cast<std::uint32_t>(vips_image_get_height(image.get()))};
}

std::vector<int> jpeg_markers(ByteView jpeg) {
  constexpr int kStartOfScan = 0xda;
  std::vector<int> markers;
  std::size_t at = 2;
  while (at + 4 <= jpeg.size() && (markers.empty() || markers.back() != kStartOfScan)) {
    markers.push_back(std::to_integer<int>(jpeg[at + 1]));
    at += 2 + 256 * std::to_integer<std::size_t>(jpeg[at + 2]) +
          std::to_integer<std::size_t>(jpeg[at + 3]);
  }
  return markers;
}

}  // namespace farm::image::testing
