#include "image/colour.h"

namespace farm::image {
namespace {

enum class Family { kGrey, kRgb, kCmyk, kOther };

Family family_of(const Image& image) {
  switch (vips_image_guess_interpretation(image.get())) {
    case VIPS_INTERPRETATION_B_W:
    case VIPS_INTERPRETATION_GREY16:
      return Family::kGrey;
    case VIPS_INTERPRETATION_sRGB:
    case VIPS_INTERPRETATION_RGB:
    case VIPS_INTERPRETATION_RGB16:
      return Family::kRgb;
    case VIPS_INTERPRETATION_CMYK:
      return Family::kCmyk;
    default:
      return Family::kOther;
  }
}

// Of colour, without alpha and masks.
int colour_bands(const Image& image) {
  switch (family_of(image)) {
    case Family::kGrey:
      return 1;
    case Family::kCmyk:
      return 4;
    default:
      return 3;
  }
}

Result<Image> first_bands(const Image& image, int count) {
  return apply(
      [&](VipsImage** out) { return vips_extract_band(image.get(), out, 0, "n", count, nullptr); });
}

bool has_profile(const Image& image) {
  return vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0;
}

// `fallback` names the built-in profile that stands in where the embedded one is missing or does
// not fit the picture's channels.
Result<Image> through_profile(const Image& image, const char* fallback) {
  return apply([&](VipsImage** out) {
    return vips_icc_transform(image.get(), out, "srgb", "embedded", TRUE, "input_profile", fallback,
                              "intent", VIPS_INTENT_RELATIVE, "black_point_compensation", TRUE,
                              "depth", 8, nullptr);
  });
}

Result<Image> to_space(const Image& image, VipsInterpretation space) {
  FARM_TRY(const Image converted, apply([&](VipsImage** out) {
             return vips_colourspace(image.get(), out, space, nullptr);
           }));
  return apply(
      [&](VipsImage** out) { return vips_cast(converted.get(), out, VIPS_FORMAT_UCHAR, nullptr); });
}

// Grey through a grey profile comes out as three equal channels: one says the same.
Result<Image> grey_again(const Image& srgb) {
  FARM_TRY(const Image one, first_bands(srgb, 1));
  return apply([&](VipsImage** out) {
    return vips_copy(one.get(), out, "interpretation", VIPS_INTERPRETATION_B_W, nullptr);
  });
}

}  // namespace

bool has_plain_colours(const Image& image) { return family_of(image) != Family::kOther; }

Result<Image> make_opaque(const Image& image) {
  const int colours = colour_bands(image);
  const int bands = vips_image_get_bands(image.get());
  if (bands == colours) return share(image);
  if (bands > colours + 1) return first_bands(image, colours);

  const bool deep = vips_image_get_format(image.get()) == VIPS_FORMAT_USHORT;
  const double full = deep ? 65535 : 255;
  const double white = family_of(image) == Family::kCmyk ? 0 : full;
  FARM_TRY(const Image flat, apply([&](VipsImage** out) {
             VipsArrayDouble* background = vips_array_double_newv(1, white);
             const int status = vips_flatten(image.get(), out, "background", background,
                                             "max_alpha", full, nullptr);
             vips_area_unref(VIPS_AREA(background));
             return status;
           }));
  return first_bands(flat, colours);
}

Result<Image> to_srgb(const Image& image) {
  switch (family_of(image)) {
    case Family::kCmyk:
      return through_profile(image, "cmyk");
    case Family::kRgb:
      if (has_profile(image)) {
        if (auto converted = through_profile(image, "srgb")) return converted;
      }
      return to_space(image, VIPS_INTERPRETATION_sRGB);
    case Family::kGrey:
      if (has_profile(image)) {
        if (auto converted = through_profile(image, "srgb")) return grey_again(converted.value());
      }
      return to_space(image, VIPS_INTERPRETATION_B_W);
    case Family::kOther:
      return to_space(image, VIPS_INTERPRETATION_sRGB);
  }
  return fail(damaged());
}

}  // namespace farm::image
