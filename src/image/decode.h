// From an opened file to the picture that all sizes are made from. Internal to the room.
#pragma once

#include "base/result.h"
#include "image/config.h"
#include "image/loader.h"
#include "image/planes.h"

namespace farm::image {

struct Decoded {
  Planes planes;
  ByteView profile = {};  // of the planes' colours; empty: sRGB. Lives as long as `opened`
};

// The picture upright, opaque and in sRGB or grey (or in a JPEG's own colours, where the
// configuration keeps its profile), of exactly these dimensions, which are not
// larger than its own. Rows are reduced as the decoder delivers them: the full-size picture is held
// only by the decoders that hold it themselves. Empties `opened`.
Result<Decoded> decode(Opened& opened, photo::Dimensions upright, const Config& config);

}  // namespace farm::image
