// EXIF of a picture that was turned without being encoded again. Internal to the room. Pure.
#pragma once

#include "base/bytes.h"

namespace farm::image {

// The block written anew with what it tells of the shot, its orientation upright. Left out: the
// thumbnail and maker notes, which show the picture as it was; every directory but the main, the
// EXIF and the GPS one; and single values of more than 8 KiB. `sideways`: width and height have
// changed places. Empty where the block cannot be read.
Bytes upright_exif(ByteView exif, bool sideways);

}  // namespace farm::image
