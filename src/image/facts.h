// The facts of a picture whose sizes have been made. Internal to the room.
#pragma once

#include <span>

#include "base/bytes.h"
#include "image/image.h"
#include "photo/facts.h"

namespace farm::image {

// From the original's EXIF, and from the pixels of the thumbnail among its sizes. What cannot be
// told is empty: no picture is refused for it.
photo::Facts facts_of(ByteView original, photo::Format format, std::span<const RenderedSize> sizes);

}  // namespace farm::image
