#include "photo/size_code.h"

#include <algorithm>
#include <cmath>

namespace farm::photo {
namespace {

struct FormatNames {
  Format format;
  std::string_view extension;
  std::string_view media_type;
};

constexpr std::array kFormats = {
    FormatNames{Format::kJpeg, "jpg", "image/jpeg"},
    FormatNames{Format::kPng, "png", "image/png"},
    FormatNames{Format::kGif, "gif", "image/gif"},
    FormatNames{Format::kWebp, "webp", "image/webp"},
    FormatNames{Format::kTiff, "tiff", "image/tiff"},
    FormatNames{Format::kHeic, "heic", "image/heic"},
    FormatNames{Format::kAvif, "avif", "image/avif"},
};

const FormatNames& names_of(Format format) {
  return kFormats[static_cast<std::size_t>(format) - 1];
}

}  // namespace

const SizeSpec* find_size(char code) {
  const auto* found = std::ranges::find(kSizes, static_cast<SizeCode>(code), &SizeSpec::code);
  return found == kSizes.end() ? nullptr : found;
}

const SizeSpec& spec_of(SizeCode code) { return *find_size(static_cast<char>(code)); }

std::optional<Format> format_from_number(std::uint8_t number) {
  if (number < 1 || number > kFormats.size()) return {};
  return static_cast<Format>(number);
}

std::string_view extension(Format format) { return names_of(format).extension; }
std::string_view media_type(Format format) { return names_of(format).media_type; }

std::optional<Format> format_from_extension(std::string_view extension) {
  const auto* found = std::ranges::find(kFormats, extension, &FormatNames::extension);
  if (found == kFormats.end()) return {};
  return found->format;
}

Dimensions scaled(Dimensions original, const SizeSpec& spec) {
  const std::uint32_t longest = std::max(original.width, original.height);
  const std::uint32_t shortest = std::min(original.width, original.height);
  if (spec.square) {
    const std::uint32_t side = std::min(spec.side_px, shortest);
    return {side, side};
  }
  if (spec.side_px == 0 || longest <= spec.side_px) return original;
  const auto in_proportion = [&](std::uint32_t side) {
    const double exact = static_cast<double>(side) * spec.side_px / longest;
    return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(std::lround(exact)));
  };
  return {in_proportion(original.width), in_proportion(original.height)};
}

}  // namespace farm::photo
