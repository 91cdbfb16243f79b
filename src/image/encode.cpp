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

}  // namespace

Result<Bytes> encode_size(const Image& image, int quality) {
  return encoded([&](void** data, std::size_t* size) {
    return vips_jpegsave_buffer(image.get(), data, size, "Q", quality, "optimize_coding", TRUE,
                                "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_ON, "strip", TRUE,
                                nullptr);
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
