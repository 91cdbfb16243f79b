// The sizes a photo has, named by Flickr's codes, and the formats a picture may be in.
// Constant tables; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace farm::photo {

enum class SizeCode : char {
  kSquare = 's',     // 75x75, cropped from the centre
  kThumbnail = 't',  // 100 on the longest side
  kSmall = 'm',      // 240
  kMedium = '-',     // 500; has no suffix in a URL
  kLarge = 'b',      // 1024; only if the original is larger
  kOriginal = 'o',   // the bytes as uploaded
  kBigSquare = 'q',  // 150x150, cropped from the centre
  kSmall320 = 'n',   // 320
  kMedium640 = 'z',  // 640
  kMedium800 = 'c',  // 800
  kLarge1600 = 'h',  // 1600
  kLarge2048 = 'k',  // 2048
};

struct SizeSpec {
  SizeCode code;
  std::uint32_t side_px;  // of the longest side, or of both sides of a square; 0: the original's
  bool square;
  bool stored;          // made at upload and kept in the record; else made on demand
  bool only_if_larger;  // left out where the original's longest side is not over side_px
};

inline constexpr std::array kSizes = {
    SizeSpec{SizeCode::kSquare, 75, true, true, false},
    SizeSpec{SizeCode::kThumbnail, 100, false, true, false},
    SizeSpec{SizeCode::kSmall, 240, false, true, false},
    SizeSpec{SizeCode::kMedium, 500, false, true, false},
    SizeSpec{SizeCode::kLarge, 1024, false, true, true},
    SizeSpec{SizeCode::kBigSquare, 150, true, false, false},
    SizeSpec{SizeCode::kSmall320, 320, false, false, false},
    SizeSpec{SizeCode::kMedium640, 640, false, false, false},
    SizeSpec{SizeCode::kMedium800, 800, false, false, false},
    SizeSpec{SizeCode::kLarge1600, 1600, false, false, false},
    SizeSpec{SizeCode::kLarge2048, 2048, false, false, false},
    SizeSpec{SizeCode::kOriginal, 0, false, true, false},
};

// Null for a character that is no code.
const SizeSpec* find_size(char code);
const SizeSpec& spec_of(SizeCode code);

// Numbers are stored in records: never reuse one.
enum class Format : std::uint8_t {
  kJpeg = 1,
  kPng = 2,
  kGif = 3,
  kWebp = 4,
  kTiff = 5,
  kHeic = 6,
  kAvif = 7,
};

std::optional<Format> format_from_number(std::uint8_t number);
std::string_view extension(Format format);   // "jpg", "png", … without a dot
std::string_view media_type(Format format);  // "image/jpeg", …
std::optional<Format> format_from_extension(std::string_view extension);

struct Dimensions {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool operator==(const Dimensions&) const = default;
};

// The dimensions of a size made from an upright original: the longest side is at most side_px, the
// other in proportion, rounded, at least 1; nothing is enlarged. A square is min(side_px,
// shortest).
Dimensions scaled(Dimensions original, const SizeSpec& spec);

}  // namespace farm::photo
