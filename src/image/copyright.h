// Who made a picture and whose it is, taken along into its sizes where the configuration wants it.
// Internal to the room.
#pragma once

#include <string>

#include "base/bytes.h"
#include "image/vips_handle.h"

namespace farm::image {

// As EXIF has it; empty where it has nothing.
struct Copyright {
  std::string artist;
  std::string copyright;
};

// Of the picture's own EXIF; each cut to 1,000 bytes.
Copyright read_copyright(const Image& image);

// An EXIF block with nothing else in it, as a JPEG's APP1 segment holds it ("Exif", two zeros,
// TIFF; CIPA DC-008, 4.5 and 4.6). Empty if both are.
Bytes exif_of(const Copyright& copyright);

}  // namespace farm::image
