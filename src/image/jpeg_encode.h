// Planes to JPEG by libjpeg-turbo, without a conversion of colours. Internal to the room.
// Thread-safe.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "image/planes.h"

namespace farm::image {

// Baseline, 4:2:0 (halved planes) or 4:4:4, Huffman tables of its own, no other metadata.
// `quality` is 1
// to 100. `exif`, if not empty, goes into an APP1 segment as it is; it must fit into one.
Result<Bytes> encode_jpeg(const Planes& planes, int quality, ByteView exif = {});

}  // namespace farm::image
