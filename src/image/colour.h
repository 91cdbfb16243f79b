// Any picture's colours to what a browser shows without being told: 8-bit sRGB or grey, opaque.
// Internal to the room.
#pragma once

#include "base/result.h"
#include "image/vips_handle.h"

namespace farm::image {

// Laid on white where it is transparent; extra channels dropped. Same colour space and depth.
// Averaging pixels afterwards gives what averaging with weight by alpha would.
Result<Image> make_opaque(const Image& image);

// Opaque in, 8-bit sRGB or grey out: through the embedded ICC profile, or, where it is missing or
// useless, by what the format says of itself.
Result<Image> to_srgb(const Image& image);

// Whether these are grey, RGB or CMYK, which any JPEG or browser takes, and not, say, Lab.
bool has_plain_colours(const Image& image);

}  // namespace farm::image
