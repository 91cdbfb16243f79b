// A picture at a glance: what a page can show while the picture itself is still on its way.
// Internal to the room. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace farm::image {

// Three bytes a pixel, row by row without gaps: sRGB.
struct RgbPixels {
  ByteView bytes;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

// ThumbHash of an opaque picture (https://evanw.github.io/thumbhash/): up to 7 x 7 coefficients of
// a cosine transform of the lightness, 3 x 3 of either colour difference, 4 bits each. At most 25
// bytes. Cost grows with the pixels: 100 x 100 is what it was made for.
Bytes thumb_hash(const RgbPixels& pixels);

// The colour that is there most, 0xRRGGBB: pixels are counted in cells of 16 x 16 x 16 values; the
// cell that has the most together with half of its six neighbours wins; the mean of its pixels.
std::uint32_t dominant_colour(const RgbPixels& pixels);

}  // namespace farm::image
