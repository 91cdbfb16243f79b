#include "image/encode_webp.h"

#include <webp/encode.h>

namespace farm::image {
namespace {

auto failed() {
  return fail(ErrorCode::kInternal, "image", "the picture can't be written as WebP");
}

// Frees what libwebp has put into a picture.
struct Picture {
  WebPPicture webp;
  bool usable = WebPPictureInit(&webp) != 0;
  Picture() = default;
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
  ~Picture() { WebPPictureFree(&webp); }
};

int append(const std::uint8_t* data, std::size_t size, const WebPPicture* picture) {
  auto* bytes = static_cast<Bytes*>(picture->custom_ptr);
  const auto* first = reinterpret_cast<const std::byte*>(data);
  bytes->insert(bytes->end(), first, first + size);
  return 1;
}

}  // namespace

Result<Bytes> encode_webp(const Image& image, int quality) {
  WebPConfig config;
  if (WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, static_cast<float>(quality)) == 0) {
    return failed();
  }
  Bytes bytes;
  Picture picture;
  if (!picture.usable) return failed();
  picture.webp.width = vips_image_get_width(image.get());
  picture.webp.height = vips_image_get_height(image.get());
  picture.webp.writer = append;
  picture.webp.custom_ptr = &bytes;
  const int stride = static_cast<int>(VIPS_IMAGE_SIZEOF_LINE(image.get()));
  if (WebPPictureImportRGB(&picture.webp, VIPS_IMAGE_ADDR(image.get(), 0, 0), stride) == 0 ||
      WebPEncode(&config, &picture.webp) == 0) {
    return failed();
  }
  return bytes;
}

}  // namespace farm::image
