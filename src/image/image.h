// Pictures in, sizes out: what the rest of the program knows of libvips. Bytes are never trusted:
// a picture is identified by its content and measured before anything of it is decoded.
//
// After start(), all calls are thread-safe and burn CPU: make them on an image thread
// (io::offload), never on a network thread. Errors: kUnsupported (not a format we take: 415),
// kTooLarge (over a limit: 413), kUnprocessable (damaged or impossible: 422).
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "image/config.h"
#include "photo/size_code.h"

namespace farm::image {

struct Picture {
  photo::Format format;
  photo::Dimensions dimensions;  // upright, of the first frame
};

struct RenderedSize {
  photo::SizeCode code;
  photo::Format format;
  photo::Dimensions dimensions;
  Bytes bytes;
};

// Once in main(), before any thread: sets up libvips (no operation cache, all loaders blocked but
// those of the formats taken, one thread an operation). Threads that call this room may end at any
// time: what libvips keeps for a thread goes with it.
Result<void> start(const char* program);

// What the first bytes say it is; kUnsupported if they say nothing we take. Does not look further
// than 64 bytes. Pure, no libvips.
Result<photo::Format> identify(ByteView bytes);

// Identifies and measures without decoding; kTooLarge beyond `limits`.
Result<Picture> probe(ByteView original, const Limits& limits);

// The stored sizes (s t m - and, where the original is larger, b) in this order, from one decode.
// Where the time went, in seconds of wall time: decoding down to the largest size (colours and
// orientation included), reducing to the others, encoding all.
struct Timings {
  double decode_s = 0;
  double reduce_s = 0;
  double encode_s = 0;
};
struct Rendered {
  Picture picture;
  std::vector<RenderedSize> sizes;
  Timings timings;
};
Result<Rendered> render_stored(ByteView original, const Config& config);

// One size, e.g. an on-demand one; of the stored sizes, the very pixels that render_stored()
// encodes. As JPEG, WebP or AVIF; kInvalidArgument for another format or the original's code.
Result<RenderedSize> render_one(ByteView original, photo::SizeCode code, photo::Format to,
                                const Config& config);
// The same as JPEG.
Result<RenderedSize> render_one(ByteView original, photo::SizeCode code, const Config& config);

// A new original made from another: turned clockwise by 90, 180 or 270 degrees as seen upright, or
// cut to a rectangle in upright pixels. Written in the original's own format (TIFF, HEIC and AVIF
// as JPEG), at high quality, upright; kInvalidArgument if the rectangle is not inside the picture.
// An animation keeps its frames; kTooLarge if together they are over limits.max_pixels. The colour
// profile and EXIF are kept, but for the orientation (now upright) and what could still show the
// uncut picture (thumbnail, maker notes); XMP, IPTC and Photoshop blocks described the old bytes
// and are dropped.
struct Rotate {
  int degrees = 0;
};
struct Crop {
  std::uint32_t x = 0, y = 0, width = 0, height = 0;
};
Result<Bytes> rotate(ByteView original, Rotate edit, const Config& config);
Result<Bytes> crop(ByteView original, Crop edit, const Config& config);

}  // namespace farm::image
