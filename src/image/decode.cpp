#include "image/decode.h"

#include <optional>

#include "image/colour.h"
#include "image/jpeg_decode.h"
#include "image/reduce.h"
#include "image/srgb_profile.h"

namespace farm::image {
namespace {

using photo::Dimensions;

Result<Image> shrink(const Image& image, Dimensions to) {
  const double across = static_cast<double>(to.width) / vips_image_get_width(image.get());
  const double down = static_cast<double>(to.height) / vips_image_get_height(image.get());
  if (across == 1 && down == 1) return share(image);
  return apply([&](VipsImage** out) {
    return vips_resize(image.get(), out, across, "vscale", down, "kernel", VIPS_KERNEL_LANCZOS3,
                       nullptr);
  });
}

// To 8-bit sRGB or grey of these dimensions.
Result<Image> reduce_opaque(const Image& opaque, Dimensions to, bool linear_light) {
  if (linear_light) {
    FARM_TRY(const Image srgb, to_srgb(opaque));
    return reduce_light(srgb, to);
  }
  // The profile is applied to fewer pixels.
  FARM_TRY(const Image reduced, shrink(opaque, to));
  return to_srgb(reduced);
}

Result<Planes> decode_by_libvips(Opened& opened, Dimensions upright, const Config& config) {
  const Dimensions as_stored = opened.turned ? Dimensions{upright.height, upright.width} : upright;
  FARM_TRY(const Image loaded, load_for(opened, as_stored));
  FARM_TRY(const Image opaque, make_opaque(loaded));
  FARM_TRY(const Image srgb, reduce_opaque(opaque, as_stored, config.linear_light));
  FARM_TRY(const Image decoded, into_memory(srgb));
  FARM_TRY(const Image turned,
           apply([&](VipsImage** out) { return vips_autorot(decoded.get(), out, nullptr); }));
  FARM_TRY(const Image pixels, into_memory(turned));
  return to_planes(pixels);
}

// Empty where there is none, and where it says sRGB. Lives as long as the image.
ByteView profile_to_apply(const Image& image) {
  const void* profile = nullptr;
  std::size_t size = 0;
  if (vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) == 0 ||
      vips_image_get_blob(image.get(), VIPS_META_ICC_NAME, &profile, &size) != 0) {
    return {};
  }
  const ByteView bytes(static_cast<const std::byte*>(profile), size);
  return means_srgb(bytes) ? ByteView{} : bytes;
}

// To sRGB by this profile, whose colours the planes are in.
Result<Planes> through_profile(const Planes& planes, ByteView profile) {
  FARM_TRY(const Image image, to_image(planes));
  vips_image_set_blob_copy(image.get(), VIPS_META_ICC_NAME, profile.data(), profile.size());
  FARM_TRY(const Image srgb, to_srgb(image));
  FARM_TRY(const Image pixels, into_memory(srgb));
  return to_planes(pixels);
}

// Whether it speaks of colours as these: the colour space in its header (ICC.1:2022, 7.2.6).
bool is_profile_of(ByteView profile, const Planes& planes) {
  constexpr std::size_t kColourSpaceAt = 16;
  constexpr std::size_t kHeaderBytes = 128;
  if (profile.size() < kHeaderBytes) return false;
  return as_text(profile.subspan(kColourSpaceAt, 4)) == (planes.grey() ? "GRAY" : "RGB ");
}

}  // namespace

Result<Decoded> decode(Opened& opened, Dimensions upright, const Config& config) {
  const auto by_libvips = [&]() -> Result<Decoded> {
    FARM_TRY(Planes planes, decode_by_libvips(opened, upright, config));
    return Decoded{std::move(planes)};
  };
  if (opened.picture.format != photo::Format::kJpeg || config.linear_light) return by_libvips();
  const ByteView profile = profile_to_apply(opened.image);
  const JpegRequest request{.upright = upright,
                            .orientation = vips_image_get_orientation(opened.image.get()),
                            .halved = profile.empty() || config.keep_profile,
                            .accept_truncated = opened.accept_truncated};
  FARM_TRY(std::optional<Planes> planes, decode_jpeg(opened.bytes, request));
  if (!planes) return by_libvips();
  if (profile.empty()) return Decoded{std::move(*planes)};
  if (config.keep_profile && is_profile_of(profile, *planes)) {
    return Decoded{std::move(*planes), profile};
  }
  FARM_TRY(Planes srgb, through_profile(*planes, profile));
  return Decoded{std::move(srgb)};
}

}  // namespace farm::image
