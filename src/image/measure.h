// What decoding a picture will take, told by its header alone: before a worker, a thread or memory
// is given to it. Pure, without libvips: reads nothing outside the bytes, and walks a bounded
// number of segments, blocks or boxes. Thread-safe; microseconds, so any thread may call it.
//
// Formats: ITU-T T.81 (JPEG), RFC 2083 (PNG), GIF89a, RFC 9649 (WebP), TIFF 6.0 and BigTIFF,
// ISO/IEC 14496-12 and 23008-12 (HEIC, AVIF).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "image/config.h"
#include "photo/size_code.h"

namespace farm::image {

struct Shape {
  photo::Format format = photo::Format::kJpeg;
  // Of the first frame as the decoder hands it out, before EXIF turns it upright.
  photo::Dimensions stored;
  // The decoder holds the whole picture at once; otherwise rows_in_memory of its rows.
  bool whole_in_memory = false;
  std::uint32_t rows_in_memory = 1;
  // Of what the decoder holds, for a pixel of the picture: coefficients, planes, samples.
  std::uint32_t bytes_per_pixel = 1;
  // Of one decoded pixel as the steps behind the decoder see it.
  std::uint32_t decoded_bytes_per_pixel = 1;

  std::uint64_t pixels() const { return std::uint64_t{stored.width} * stored.height; }
};

// kUnsupported if it is none of the formats taken or a kind of one that is not; kUnprocessable if
// its header is damaged or cut short.
Result<Shape> measure(ByteView original);

// kTooLarge beyond limits.max_side_px or limits.max_pixels.
Result<void> check_dimensions(photo::Dimensions size, const Limits& limits);

// How many frames an edit will hold: those of an animated GIF or WebP, 1 of anything else. Stops
// counting at `most`. Walks the whole file: up to some milliseconds.
std::uint32_t count_frames(ByteView original, const Shape& shape, std::uint32_t most);

// The most memory that making sizes of up to `largest_side_px` takes, in bytes, the original's own
// bytes left out:
//   decoder    width x rows_in_memory x bytes_per_pixel
// + band       what waits between decoding and reduction, as decoded: width x min(height, 512)
// + reduced    the first reduction, which still has up to twice the pixels wanted along each side,
//              and its copies: min(pixels, (2 x largest side)^2) x 8
// + 8 MiB      tables, profiles, the encoder
// Held against real peaks by image/measure_memory_test.cpp; src/image/README.md has the figures.
std::uint64_t estimate_bytes(const Shape& shape, std::uint32_t largest_side_px = 1024);

// The same for an edit, which holds all frames decoded, turned or cut, and encoded:
//   the above + pixels x frames x (3 x decoded_bytes_per_pixel)
std::uint64_t estimate_edit_bytes(const Shape& shape, std::uint32_t frames);

}  // namespace farm::image
