// Pixels to bytes. Internal to the room.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "image/config.h"
#include "image/planes.h"
#include "image/vips_handle.h"
#include "photo/size_code.h"

namespace farm::image {

struct SizeEncoding {
  photo::Format format = photo::Format::kJpeg;  // JPEG, WebP or AVIF
  int quality = 0;
  int avif_effort = 0;
  ByteView exif = {};     // of JPEG only; empty: none
  ByteView profile = {};  // the same
};

// A size without metadata (but for `exif` and `profile`): baseline JPEG with Huffman tables of its
// own, lossy WebP, or AVIF of 8 bits; colour halved in all three.
Result<Bytes> encode_size(const Planes& planes, const SizeEncoding& encoding);

// A new original in `format` or, where nothing here writes that, as JPEG. Takes the image's
// metadata along as it stands.
Result<Bytes> encode_original(const Image& image, photo::Format format, int quality);

}  // namespace farm::image
