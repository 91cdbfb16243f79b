// A picture in memory as JPEG has it: brightness and two planes of colour, each 8 bits. From the
// decoder to the encoder nothing else is needed, so colours are converted only where a profile or
// another format asks for it. Internal to the room.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "image/vips_handle.h"
#include "photo/size_code.h"

namespace farm::image {

// Rows of samples, `stride` apart; strides are multiples of 16, so that whole blocks of an encoder
// lie inside.
struct Plane {
  Plane() = default;
  Plane(std::uint32_t width_px, std::uint32_t height_px);
  std::uint8_t* row(std::uint32_t y) { return samples.get() + std::size_t{y} * stride; }
  const std::uint8_t* row(std::uint32_t y) const { return samples.get() + std::size_t{y} * stride; }

  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t stride = 0;
  std::unique_ptr<std::uint8_t[]> samples;  // NOLINT(modernize-avoid-c-arrays): not cleared first
};

// Y, Cb, Cr by the matrix of JFIF (ITU-T T.871: BT.601, all 256 values), of sRGB; or Y alone for
// grey. Cb and Cr have all samples, or half as many along both sides (rounded up), each in the
// middle of its four pixels.
struct Planes {
  photo::Dimensions dimensions;
  bool halved = false;        // Cb and Cr
  std::vector<Plane> planes;  // one or three
  bool grey() const { return planes.size() == 1; }
};

// Rows become columns, as the orientations 5 to 8 of EXIF want it.
Planes transposed(const Planes& planes);

// From 8-bit sRGB or grey in memory; colour halved.
Planes to_planes(const Image& image);

// 8-bit RGB (of whichever profile the planes are in) or grey, in memory.
Result<Image> to_image(const Planes& planes);

}  // namespace farm::image
