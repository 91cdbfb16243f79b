// Identification by content: it must look at nothing beyond its 64 bytes, and what it calls a JPEG,
// PNG, GIF or WebP must begin as one.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "image/image.h"

namespace {

using farm::photo::Format;

void must(bool holds) {
  if (!holds) std::abort();
}

void check_beginning(std::string_view text, Format format) {
  switch (format) {
    case Format::kJpeg:
      return must(text.starts_with("\xff\xd8\xff"));
    case Format::kPng:
      return must(text.starts_with("\x89PNG"));
    case Format::kGif:
      return must(text.starts_with("GIF8"));
    case Format::kWebp:
      return must(text.starts_with("RIFF") && text.substr(8, 4) == "WEBP");
    case Format::kTiff:
      return must(text.starts_with("II") || text.starts_with("MM"));
    case Format::kHeic:
    case Format::kAvif:
      return must(text.size() >= 16 && text.substr(4, 4) == "ftyp");
  }
  must(false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const farm::ByteView bytes = farm::as_bytes(text);
  const auto whole = farm::image::identify(bytes);
  const auto head = farm::image::identify(bytes.first(std::min<std::size_t>(size, 64)));
  must(whole.has_value() == head.has_value());
  if (!whole) {
    must(whole.error().code == farm::ErrorCode::kUnsupported);
    return 0;
  }
  must(whole.value() == head.value());
  check_beginning(text, whole.value());
  return 0;
}
