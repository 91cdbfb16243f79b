// AVIF by libheif itself: libvips 8.14 can't be kept from starting threads for it, nor from writing
// EXIF. Internal to the room. Thread-safe.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "image/vips_handle.h"

namespace farm::image {

struct AvifOptions {
  int quality = 60;  // 1 to 100
  int effort = 2;    // 0 to 9
};

// 8 bits, chroma halved, sRGB, no metadata, by the calling thread alone. `image` is 8-bit sRGB with
// three bands and in memory.
Result<Bytes> encode_avif(const Image& image, AvifOptions options);

}  // namespace farm::image
