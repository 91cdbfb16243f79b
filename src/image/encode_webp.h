// WebP by libwebp itself: libvips 8.14 writes an EXIF block of its own even where told to strip.
// Internal to the room. Thread-safe.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "image/vips_handle.h"

namespace farm::image {

// Lossy, no metadata, by the calling thread alone. `quality` is 1 to 100; `image` is 8-bit sRGB
// with three bands and in memory, no side over 16,383.
Result<Bytes> encode_webp(const Image& image, int quality);

}  // namespace farm::image
