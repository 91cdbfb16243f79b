// Planes to JPEG by libjpeg-turbo, without a conversion of colours. Internal to the room.
// Thread-safe.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "image/planes.h"

namespace farm::image {

// What goes into a JPEG besides its pixels; empty: nothing.
struct JpegMetadata {
  ByteView exif = {};     // into an APP1 segment as it is; it must fit into one
  ByteView profile = {};  // ICC, into as many APP2 segments as it takes
};

// Baseline, 4:2:0 (halved planes) or 4:4:4, Huffman tables of its own. `quality` is 1 to 100.
Result<Bytes> encode_jpeg(const Planes& planes, int quality, const JpegMetadata& metadata = {});

}  // namespace farm::image
