// Most profiles in pictures say sRGB in other words: then there is nothing to convert. Internal to
// the room. Pure.
#pragma once

#include "base/bytes.h"

namespace farm::image {

// Whether an ICC profile (ICC.1:2022: header 7.2, tags 7.3, curves 10.6 and 10.18) is an RGB one of
// three primaries and three curves which are those of sRGB (IEC 61966-2-1), but for what 8 bits
// don't show. False for whatever else the bytes are.
bool means_srgb(ByteView profile);

}  // namespace farm::image
