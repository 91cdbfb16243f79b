// How often a JPEG goes over its pixels: each scan of a progressive one costs time for the whole
// picture, however few bytes it has. Internal to the room. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace farm::image {

// The scans up to the end of the first picture, by its markers (ITU-T T.81, annex B.1.1); counts no
// further than `most` + 1. Whatever the bytes are.
std::uint32_t count_scans(ByteView jpeg, std::uint32_t most);

}  // namespace farm::image
