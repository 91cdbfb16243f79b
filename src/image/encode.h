// Pixels to bytes. Internal to the room.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "image/config.h"
#include "image/vips_handle.h"
#include "photo/size_code.h"

namespace farm::image {

// A size: baseline JPEG, 4:2:0, Huffman tables of its own, no metadata. `image` is 8-bit sRGB or
// grey and in memory.
Result<Bytes> encode_size(const Image& image, int quality);

// A new original in `format` or, where nothing here writes that, as JPEG. Takes the image's
// metadata along as it stands.
Result<Bytes> encode_original(const Image& image, photo::Format format, int quality);

}  // namespace farm::image
