#include "image/encode.h"

#include "image/encode_avif.h"
#include "image/encode_webp.h"

namespace farm::image {
namespace {

// save(&data, &size) leaves a buffer of GLib's.
template <class Save>
Result<Bytes> encoded(Save&& save) {
  void* data = nullptr;
  std::size_t size = 0;
  if (save(&data, &size) != 0) return fail(damaged());
  const std::unique_ptr<void, decltype(&g_free)> owner(data, g_free);
  const auto* first = static_cast<const std::byte*>(data);
  return Bytes(first, first + size);
}

Result<Image> three_bands(const Image& image) {
  if (vips_image_get_bands(image.get()) == 3) return share(image);
  return apply([&](VipsImage** out) {
    return vips_colourspace(image.get(), out, VIPS_INTERPRETATION_sRGB, nullptr);
  });
}

}  // namespace

Result<Bytes> encode_size(const Image& image, const SizeEncoding& encoding) {
  if (encoding.format == photo::Format::kJpeg) {
    return encoded([&](void** data, std::size_t* size) {
      return vips_jpegsave_buffer(image.get(), data, size, "Q", encoding.quality, "optimize_coding",
                                  TRUE, "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_ON, "strip", TRUE,
                                  nullptr);
    });
  }
  FARM_TRY(const Image rgb, three_bands(image));
  FARM_TRY(const Image pixels, into_memory(rgb));
  if (encoding.format == photo::Format::kWebp) return encode_webp(pixels, encoding.quality);
  return encode_avif(pixels, {encoding.quality, encoding.avif_effort});
}

Result<Bytes> encode_original(const Image& image, photo::Format format, int quality) {
  return encoded([&](void** data, std::size_t* size) {
    switch (format) {
      case photo::Format::kPng:
        return vips_pngsave_buffer(image.get(), data, size, nullptr);
      case photo::Format::kGif:
        return vips_gifsave_buffer(image.get(), data, size, nullptr);
      case photo::Format::kWebp:
        return vips_webpsave_buffer(image.get(), data, size, "Q", quality, nullptr);
      default:
        return vips_jpegsave_buffer(image.get(), data, size, "Q", quality, "optimize_coding", TRUE,
                                    nullptr);
    }
  });
}

}  // namespace farm::image
