// The [image] table of the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "config/document.h"
#include "photo/size_code.h"

namespace farm::image {

// What is checked before a picture is decoded.
struct Limits {
  std::uint64_t max_pixels = 100'000'000;    // width x height of one frame
  std::uint32_t max_side_px = 65'535;        // of either side
  std::uint64_t max_file_bytes = 100 << 20;  // of an original
  std::uint32_t max_scans = 100;  // of a progressive JPEG: each costs time for all pixels
  bool accept_truncated = false;  // pictures whose data ends early, with what there is
};

// What one size has instead of the quality of its format.
struct SizeQuality {
  photo::SizeCode code;
  photo::Format format;
  int quality;
};

struct Config {
  Limits limits;
  int jpeg_quality = 82;  // 1 to 100, of all sizes
  int webp_quality = 80;  // the same, of sizes asked for as WebP
  int avif_quality = 60;  // and as AVIF
  int avif_effort = 2;    // 0 (quick) to 9: of 2 to 4, each doubles the time for 1 % of the bytes
  int sharpen = 10;       // 0 to 100: percent of an unsharp mask on each size's brightness
  bool linear_light = false;    // reduce light, not its sRGB values: right, and 4 times as long
  bool keep_copyright = false;  // EXIF's artist and copyright stay in sizes that are JPEG
  bool keep_profile = false;    // a JPEG's sizes as JPEG stay in its colours, with its ICC profile
  int edit_quality = 95;        // 1 to 100, of the new original that an edit makes
  std::uint32_t encode_threads = 1;  // of one picture; no key: who knows of free cores sets it
  std::uint32_t threads = 0;         // image threads; 0: as many as there are cores
  std::uint32_t queue = 64;          // pictures that may wait for a thread; more get 503
  // What decoding may take, all pictures together, by the estimate of measure.h; what does not fit
  // waits, more than may wait or for longer gets 503.
  std::uint64_t memory_bytes = 2ULL << 30;
  std::uint32_t memory_queue = 256;
  std::chrono::milliseconds memory_wait{10'000};
  std::vector<SizeQuality> size_quality;  // at most one of a size and format; others as above

  // Of a size in a format: JPEG, WebP or AVIF.
  int quality_of(photo::SizeCode code, photo::Format format) const;
};

// Keys: max_pixels, max_side, max_file (a size), max_scans, accept_truncated, jpeg_quality,
// webp_quality, avif_quality, avif_effort, sharpen, reduce ("srgb" or "linear"), keep
// (["copyright", "icc"]), edit_quality, threads, queue, memory (a size), memory_queue, memory_wait
// (a duration); tables: size_quality.CODE with jpeg, webp, avif.
void read_config(config::Table table, Config& out);

}  // namespace farm::image
