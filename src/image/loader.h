// Opens encoded pictures: by the loader of the format they were identified as, measured before
// anything is decoded. Internal to the room.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "image/config.h"
#include "image/image.h"
#include "image/vips_handle.h"
#include "photo/size_code.h"

namespace farm::image {

// An encoded picture whose header has been read and found within the limits.
struct Opened {
  ByteView bytes;
  Picture picture;
  photo::Dimensions
      stored;           // of the first frame, as it lies in the file, before it is turned upright
  bool turned = false;  // upright, width and height change places
  bool accept_truncated = false;  // of the limits it was opened with
  Image image;  // the first frame, still to be decoded, to be read from top to bottom
};

// `bytes` must outlive what is made from it.
Result<Opened> open(ByteView bytes, const Limits& limits);

// The first frame, at full size or, for JPEG and WebP, at the smallest of 1/1, 1/2, 1/4 and 1/8
// that still leaves room above `wanted`, which is as stored. Empties `opened`.
Result<Image> load_for(Opened& opened, photo::Dimensions wanted);

// All frames, one below the other, "page-height" apart. kTooLarge if all of them together are
// over limits.max_pixels.
Result<Image> load_all_frames(Opened& opened, const Limits& limits);

}  // namespace farm::image
