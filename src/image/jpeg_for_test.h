// JPEGs of kinds that libvips does not write, for the tests of this room.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace farm::image::testing {

struct Rgb {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> samples;
};

struct JpegMaking {
  const char* name = "";
  int across = 1;  // how many pixels share a sample of colour
  int down = 1;
  bool progressive = false;
  bool arithmetic = false;
  bool rgb = false;      // stored as it is, without Y, Cb and Cr
  int restart_rows = 0;  // restart markers every so many rows of blocks
};

// Quality 95. Ends the test program where libjpeg fails.
Bytes make_jpeg(const Rgb& rgb, const JpegMaking& making);

// A progressive one whose last scan stands there so many times more.
Bytes with_scans_repeated(const Bytes& progressive, int times);

}  // namespace farm::image::testing
