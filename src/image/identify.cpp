#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "image/image.h"

namespace farm::image {
namespace {

using photo::Format;

constexpr std::size_t kHeadBytes = 64;

bool has_at(std::string_view head, std::size_t offset, std::string_view what) {
  return head.size() >= offset && head.substr(offset).starts_with(what);
}

std::optional<Format> format_of_brand(std::string_view brand) {
  constexpr std::array<std::string_view, 2> kAvif = {"avif", "avis"};
  constexpr std::array<std::string_view, 6> kHeic = {"heic", "heix", "heim",
                                                     "heis", "hevc", "hevx"};
  if (std::ranges::count(kAvif, brand) != 0) return Format::kAvif;
  if (std::ranges::count(kHeic, brand) != 0) return Format::kHeic;
  return {};
}

// ISO base media: a box size, "ftyp", the major brand, a version, then compatible brands. The
// structural brands say only that it is an HEIF file; which codec, a compatible brand tells.
std::optional<Format> identify_iso_media(std::string_view head) {
  if (head.size() < 16 || !has_at(head, 4, "ftyp")) return {};
  std::size_t box_bytes = 0;
  for (const char c : head.substr(0, 4)) box_bytes = box_bytes << 8 | static_cast<unsigned char>(c);
  if (box_bytes < 16) return {};
  const std::string_view box = head.substr(0, box_bytes);

  const std::string_view major = box.substr(8, 4);
  if (const auto format = format_of_brand(major)) return format;
  if (major != "mif1" && major != "msf1" && major != "miaf") return {};
  for (std::size_t at = 16; at + 4 <= box.size(); at += 4) {
    if (const auto format = format_of_brand(box.substr(at, 4))) return format;
  }
  return {};
}

// Classic and big TIFF in both byte orders. Canon's raw files say they are TIFF but hold no picture
// that can be shown at its true size.
bool is_tiff(std::string_view head) {
  using namespace std::string_view_literals;
  if (head.starts_with("II*\0"sv)) return !has_at(head, 8, "CR\x02");
  return head.starts_with("MM\0*"sv) || head.starts_with("II+\0\x08\0\0\0"sv) ||
         head.starts_with("MM\0+\0\x08\0\0"sv);
}

}  // namespace

Result<photo::Format> identify(ByteView bytes) {
  const std::string_view head = as_text(bytes.first(std::min(bytes.size(), kHeadBytes)));
  if (head.starts_with("\xff\xd8\xff")) return Format::kJpeg;
  if (head.starts_with("\x89PNG\r\n\x1a\n")) return Format::kPng;
  if (head.starts_with("GIF87a") || head.starts_with("GIF89a")) return Format::kGif;
  if (head.starts_with("RIFF") && has_at(head, 8, "WEBP")) return Format::kWebp;
  if (is_tiff(head)) return Format::kTiff;
  if (const auto format = identify_iso_media(head)) return *format;
  return fail(ErrorCode::kUnsupported, "image",
              "not a picture in a format taken here: JPEG, PNG, GIF, WebP, TIFF, HEIC or AVIF");
}

}  // namespace farm::image
