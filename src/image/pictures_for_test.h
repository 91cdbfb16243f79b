// Pictures that the tests of this room make for themselves, and a look at what comes out.
// Everything here ends the test program where libvips fails: that is no result of a test.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "image/vips_handle.h"
#include "photo/size_code.h"

namespace farm::image::testing {

using Colour = std::vector<double>;

inline const Colour kRed = {255, 0, 0};
inline const Colour kGreen = {0, 160, 0};
inline const Colour kBlue = {0, 0, 255};
inline const Colour kWhite = {255, 255, 255};

// One colour, 8 bits a channel, sRGB, grey or CMYK by the number of its channels.
Image solid(int width, int height, const Colour& colour);

// Upright: red, green over blue, white.
Image quadrants(int width, int height);

// As a camera held so would store this upright picture; the EXIF tag says so.
Image as_stored(const Image& upright, int orientation);

// Frames one below the other, as libvips writes animations.
Image animation(const std::vector<Colour>& frames, int width, int height);

Image with_alpha(const Image& image, double alpha);
Image to_16_bit(const Image& image);
// Converted into a built-in profile's colours ("p3", "cmyk", "srgb"), which is embedded.
Image in_profile(const Image& srgb, const char* profile);
Image with_text(const Image& image, const char* field, const char* text);
Image with_blob(const Image& image, const char* field, const Bytes& blob);

// `suffix` and options as libvips has them: ".jpg[Q=90]".
Bytes encode(const Image& image, const std::string& suffix);

// A frame of a picture in any format, as it lies in the file.
Image decode(ByteView bytes);
Image decode_all_frames(ByteView bytes);
Colour pixel(const Image& image, int x, int y);
// Of the middle of each quadrant, in reading order.
std::array<Colour, 4> quadrant_colours(const Image& image);
photo::Dimensions dimensions(const Image& image);

// The JPEG markers up to the first scan, without the entropy-coded rest.
std::vector<int> jpeg_markers(ByteView jpeg);

}  // namespace farm::image::testing
