#include "image/encode.h"

#include "image/encode_avif.h"
#include "image/encode_webp.h"
#include "image/jpeg_encode.h"

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

// Grey as colours that are all alike, in memory.
Result<Image> three_bands(const Image& image) {
  if (vips_image_get_bands(image.get()) == 3) return share(image);
  FARM_TRY(const Image rgb, apply([&](VipsImage** out) {
             return vips_colourspace(image.get(), out, VIPS_INTERPRETATION_sRGB, nullptr);
           }));
  return into_memory(rgb);
}

}  // namespace

Result<Bytes> encode_size(const Planes& planes, const SizeEncoding& encoding) {
  if (encoding.format == photo::Format::kJpeg) {
    return encode_jpeg(planes, encoding.quality, {encoding.exif, encoding.profile});
  }
  FARM_TRY(const Image image, to_image(planes));
  FARM_TRY(const Image rgb, three_bands(image));
  if (encoding.format == photo::Format::kWebp) return encode_webp(rgb, encoding.quality);
  return encode_avif(rgb, {encoding.quality, encoding.avif_effort});
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
