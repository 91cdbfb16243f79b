#include "image/copyright.h"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <string_view>
#include <utility>
#include <vector>

namespace farm::image {
namespace {

constexpr std::size_t kMostBytes = 1000;
constexpr std::uint16_t kAscii = 2;
constexpr std::size_t kEntryBytes = 12;
constexpr std::size_t kInsideEntry = 4;  // so long a text stands in its entry

// libvips shows a text as "the text (what libexif makes of it, ASCII, 9 components, 9 bytes)"; the
// zero at its end is counted. Either part may hold parentheses: the length tells where the first
// ends.
std::string text_of(const Image& image, const char* field) {
  const char* shown = nullptr;
  if (vips_image_get_typeof(image.get(), field) == 0 ||
      vips_image_get_string(image.get(), field, &shown) != 0) {
    return {};
  }
  constexpr std::string_view kKind = ", ASCII, ";
  const std::string_view text = shown;
  const std::size_t kind = text.rfind(kKind);
  if (kind == text.npos) return {};
  std::size_t length = 0;
  std::from_chars(shown + kind + kKind.size(), shown + text.size(), length);
  if (length < 2 || length > text.size() || text.substr(length - 1, 2) != " (") return {};
  return std::string(text.substr(0, std::min(length - 1, kMostBytes)));
}

template <std::integral T>
void append(Bytes& bytes, T value) {
  bytes.resize(bytes.size() + sizeof value);
  store_le<T>(bytes, bytes.size() - sizeof value, value);
}

void append(Bytes& bytes, std::string_view text) {
  const ByteView view = as_bytes(text);
  bytes.insert(bytes.end(), view.begin(), view.end());
}

}  // namespace

Copyright read_copyright(const Image& image) {
  return {text_of(image, "exif-ifd0-Artist"), text_of(image, "exif-ifd0-Copyright")};
}

Bytes exif_of(const Copyright& copyright) {
  using namespace std::string_view_literals;
  std::vector<std::pair<std::uint16_t, std::string>> texts;  // by tag, ascending
  if (!copyright.artist.empty()) texts.emplace_back(0x013b, copyright.artist);
  if (!copyright.copyright.empty()) texts.emplace_back(0x8298, copyright.copyright);
  if (texts.empty()) return {};

  Bytes tiff;
  append(tiff, "II*\0\x08\0\0\0"sv);
  append(tiff, static_cast<std::uint16_t>(texts.size()));
  std::string behind;
  const std::size_t first = tiff.size() + kEntryBytes * texts.size() + 4;
  for (auto& [tag, text] : texts) {
    text += '\0';
    append(tiff, tag);
    append(tiff, kAscii);
    append(tiff, static_cast<std::uint32_t>(text.size()));
    if (text.size() <= kInsideEntry) {
      text.resize(kInsideEntry);
      append(tiff, std::string_view(text));
    } else {
      append(tiff, static_cast<std::uint32_t>(first + behind.size()));
      behind += text;
    }
  }
  append(tiff, std::uint32_t{0});
  append(tiff, std::string_view(behind));

  Bytes exif;
  append(exif, "Exif\0\0"sv);
  exif.insert(exif.end(), tiff.begin(), tiff.end());
  return exif;
}

}  // namespace farm::image
