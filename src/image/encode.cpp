#include "image/encode.h"

#include <cstring>

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

// Pixels alone: libvips 8.14 writes EXIF and profile into AVIF even where told to strip.
Result<Image> without_metadata(const Image& image) {
  FARM_TRY(Image copy,
           apply([&](VipsImage** out) { return vips_copy(image.get(), out, nullptr); }));
  const std::unique_ptr<char*, decltype(&g_strfreev)> fields(vips_image_get_fields(copy.get()),
                                                             g_strfreev);
  for (char** field = fields.get(); *field != nullptr; ++field) {
    // Those of the picture itself refuse to go.
    vips_image_remove(copy.get(), *field);
  }
  return copy;
}

}  // namespace

Result<Bytes> encode_size(const Image& whole, const SizeEncoding& encoding) {
  const auto halved = VIPS_FOREIGN_SUBSAMPLE_ON;
  FARM_TRY(const Image image, without_metadata(whole));
  return encoded([&](void** data, std::size_t* size) {
    switch (encoding.format) {
      case photo::Format::kWebp:
        return vips_webpsave_buffer(image.get(), data, size, "Q", encoding.quality, "strip", TRUE,
                                    nullptr);
      case photo::Format::kAvif:
        return vips_heifsave_buffer(
            image.get(), data, size, "Q", encoding.quality, "compression",
            VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "encoder", VIPS_FOREIGN_HEIF_ENCODER_AOM, "effort",
            encoding.avif_effort, "bitdepth", 8, "subsample_mode", halved, "strip", TRUE, nullptr);
      default:
        return vips_jpegsave_buffer(image.get(), data, size, "Q", encoding.quality,
                                    "optimize_coding", TRUE, "subsample_mode", halved, "strip",
                                    TRUE, nullptr);
    }
  });
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
