#include "image/exif.h"

#include <algorithm>
#include <string_view>

#include "base/utf8.h"
#include "image/byte_order.h"
#include "image/iso_boxes.h"
#include "image/jpeg_segments.h"
#include "image/riff_chunks.h"
#include "image/tiff_directory.h"
#include "photo/facts.h"

namespace farm::image {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kIntroduction = "Exif\0\0"sv;

namespace tag {
constexpr std::uint16_t kMake = 271;
constexpr std::uint16_t kModel = 272;
constexpr std::uint16_t kExifDirectory = 34665;
constexpr std::uint16_t kDateTimeOriginal = 36867;
constexpr std::uint16_t kOffsetTimeOriginal = 36881;
}  // namespace tag

ByteView without_introduction(ByteView block) {
  return has_text_at(block, 0, kIntroduction) ? block.subspan(kIntroduction.size()) : block;
}

std::optional<ByteView> in_jpeg(ByteView jpeg) {
  constexpr std::uint8_t kApp1 = 0xe1;
  JpegSegments segments(jpeg);
  while (const auto segment = segments.next()) {
    if (segment->marker == kStartOfScan) break;
    if (segment->marker == kApp1 && has_text_at(segment->payload, 0, kIntroduction)) {
      return without_introduction(segment->payload);
    }
  }
  return {};
}

std::optional<ByteView> in_png(ByteView png) {
  constexpr std::size_t kMaxChunks = 100'000;
  std::uint64_t at = 8;
  for (std::size_t i = 0; i < kMaxChunks; ++i) {
    const auto length = read_be<std::uint32_t>(png, at);
    if (!length) break;
    if (has_text_at(png, at + 4, "eXIf")) {
      const auto block = part_of(png, at + 8, *length);
      return block ? std::optional(without_introduction(*block)) : std::nullopt;
    }
    at += 12 + std::uint64_t{*length};
  }
  return {};
}

std::optional<ByteView> in_webp(ByteView webp) {
  Chunks chunks = Chunks::of_file(webp);
  while (const auto chunk = chunks.next()) {
    if (chunk->name == "EXIF") return without_introduction(chunk->payload);
  }
  return {};
}

std::optional<ByteView> in_heif(ByteView file) {
  const auto meta = MetaBox::find(file);
  const auto item = meta ? meta->item_of_type("Exif") : std::nullopt;
  const auto data = item ? meta->data_of(*item, file) : std::nullopt;
  // The block begins so many bytes behind this number.
  const auto skip = data ? read_be<std::uint32_t>(*data, 0) : std::nullopt;
  if (!skip || *skip > data->size() - 4) return {};
  return data->subspan(4 + std::size_t{*skip});
}

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7f;
  return sequence.size() == 2 && first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

std::string cleaned(std::string_view text, std::size_t most) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(sequence.size());
    if (length == 0 || is_control(sequence)) continue;
    if (clean.empty() && sequence == " ") continue;
    if (clean.size() + sequence.size() > most) break;
    clean += sequence;
  }
  while (clean.ends_with(' ')) clean.pop_back();
  return clean;
}

bool begins_with_ignoring_case(std::string_view text, std::string_view start) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return text.size() >= start.size() &&
         std::ranges::equal(text.substr(0, start.size()), start, {}, lower, lower);
}

// Many a model says its make again: "Canon", "Canon EOS 5D".
std::string camera_of(std::string_view make, std::string_view model) {
  constexpr std::size_t kMost = photo::kMaxCameraBytes;
  std::string clean_make = cleaned(make, kMost);
  std::string clean_model = cleaned(model, kMost);
  if (clean_model.empty()) return clean_make;
  if (begins_with_ignoring_case(clean_model, clean_make)) return clean_model;
  return cleaned(clean_make + " " + clean_model, kMost);
}

// "2024:05:01 12:30:00" to "2024-05-01T12:30:00".
std::string time_of(std::string_view date_time) {
  std::string text(date_time.substr(0, 19));
  if (text.size() < 19 || text[4] != ':' || text[7] != ':' || text[10] != ' ') return {};
  text[4] = text[7] = '-';
  text[10] = 'T';
  return photo::checked_facts({.taken_at = text}).taken_at;
}

}  // namespace

std::optional<ByteView> find_exif(ByteView original, photo::Format format) {
  switch (format) {
    case photo::Format::kJpeg:
      return in_jpeg(original);
    case photo::Format::kPng:
      return in_png(original);
    case photo::Format::kWebp:
      return in_webp(original);
    case photo::Format::kTiff:
      return original;
    case photo::Format::kHeic:
    case photo::Format::kAvif:
      return in_heif(original);
    case photo::Format::kGif:
      break;
  }
  return {};
}

Shot read_shot(ByteView exif) {
  Shot shot;
  const auto head = read_tiff_head(exif);
  if (!head) return shot;
  const auto main = TiffDirectory::read(exif, *head, head->first_directory);
  if (!main) return shot;
  shot.camera =
      camera_of(main->text(tag::kMake).value_or(""), main->text(tag::kModel).value_or(""));
  const auto at = main->number(tag::kExifDirectory);
  const auto detail = at ? TiffDirectory::read(exif, *head, *at) : std::nullopt;
  if (!detail) return shot;
  shot.taken_at = time_of(detail->text(tag::kDateTimeOriginal).value_or(""));
  if (shot.taken_at.empty()) return shot;
  const std::string with_offset =
      shot.taken_at + std::string(detail->text(tag::kOffsetTimeOriginal).value_or("").substr(0, 6));
  const std::string checked = photo::checked_facts({.taken_at = with_offset}).taken_at;
  if (!checked.empty()) shot.taken_at = checked;
  return shot;
}

}  // namespace farm::image
