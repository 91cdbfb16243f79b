#include "image/rotate_jpeg.h"

#include <turbojpeg.h>

#include <array>
#include <memory>
#include <string_view>

#include "image/exif.h"
#include "image/exif_upright.h"
#include "image/jpeg_segments.h"
#include "image/measure.h"

namespace farm::image {
namespace {

using namespace std::string_view_literals;

constexpr std::uint8_t kApp0 = 0xe0, kApp1 = 0xe1, kApp2 = 0xe2;

// Every turn is a mirroring or none, and then some quarters clockwise.
struct Turn {
  bool mirrored;
  int quarters;
};
constexpr std::array<Turn, 8> kUpright = {
    {{false, 0}, {true, 0}, {false, 2}, {true, 2}, {true, 3}, {false, 1}, {true, 1}, {false, 3}}};
constexpr std::array<TJXOP, 8> kOperations = {TJXOP_NONE,   TJXOP_ROT90,    TJXOP_ROT180,
                                              TJXOP_ROT270, TJXOP_HFLIP,    TJXOP_TRANSVERSE,
                                              TJXOP_VFLIP,  TJXOP_TRANSPOSE};

bool is_progressive(ByteView jpeg) {
  JpegSegments segments(jpeg);
  while (const auto segment = segments.next()) {
    if (segment->marker == 0xc2 || segment->marker == 0xca) return true;
    if (segment->marker == kStartOfScan) break;
  }
  return false;
}

struct Transformer {
  void operator()(void* handle) const { tjDestroy(handle); }
};
struct Buffer {
  void operator()(unsigned char* data) const { tjFree(data); }
};

std::optional<Bytes> transform(ByteView jpeg, TJXOP operation, bool progressive) {
  const std::unique_ptr<void, Transformer> handle(tjInitTransform());
  if (!handle) return {};
  tjtransform wanted{};
  wanted.op = operation;
  wanted.options = TJXOPT_PERFECT | TJXOPT_COPYNONE;
  if (progressive) wanted.options |= TJXOPT_PROGRESSIVE;
  unsigned char* made = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): TurboJPEG's type
  const int status =
      tjTransform(handle.get(), reinterpret_cast<const unsigned char*>(jpeg.data()), jpeg.size(), 1,
                  &made, &size, &wanted, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS);
  const std::unique_ptr<unsigned char, Buffer> owner(made);
  if (status != 0 || made == nullptr) return {};
  const ByteView bytes(reinterpret_cast<const std::byte*>(made), size);
  return Bytes(bytes.begin(), bytes.end());
}

// TurboJPEG writes baseline with the standard's tables, which are a poor fit for what was written
// with tables of its own; progressive it always makes tables that fit. So baseline stays baseline,
// unless it would grow.
std::optional<Bytes> transform(ByteView jpeg, TJXOP operation) {
  if (is_progressive(jpeg)) return transform(jpeg, operation, true);
  auto baseline = transform(jpeg, operation, false);
  if (!baseline || baseline->size() <= jpeg.size() + jpeg.size() / 20) return baseline;
  return transform(jpeg, operation, true);
}

void append_segment(Bytes& out, std::uint8_t marker, std::initializer_list<ByteView> parts) {
  std::size_t length = 2;
  for (const ByteView part : parts) length += part.size();
  for (const std::size_t byte :
       {std::size_t{0xff}, std::size_t{marker}, length >> 8, length & 255}) {
    out.push_back(static_cast<std::byte>(byte));
  }
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
}

// The profile's segments as they are, and EXIF written anew.
Bytes kept_segments(ByteView jpeg, bool sideways) {
  Bytes kept;
  if (const auto exif = find_exif(jpeg, photo::Format::kJpeg)) {
    const Bytes upright = upright_exif(*exif, sideways);
    if (!upright.empty()) append_segment(kept, kApp1, {as_bytes("Exif\0\0"sv), upright});
  }
  JpegSegments segments(jpeg);
  while (const auto segment = segments.next()) {
    if (segment->marker == kStartOfScan) break;
    if (segment->marker == kApp2 && as_text(segment->payload).starts_with("ICC_PROFILE\0"sv)) {
      append_segment(kept, kApp2, {segment->payload});
    }
  }
  return kept;
}

// Behind the start of the image and the JFIF segment, which comes first where there is one.
std::size_t place_for_segments(ByteView jpeg) {
  constexpr std::size_t kStart = 2;
  const auto first = JpegSegments(jpeg).next();
  return first && first->marker == kApp0 ? kStart + 4 + first->payload.size() : kStart;
}

}  // namespace

std::optional<Bytes> rotate_jpeg(ByteView jpeg, int orientation, int degrees) {
  if (orientation < 1 || orientation > 8) return {};
  const Turn upright = kUpright[static_cast<std::size_t>(orientation - 1)];
  const int quarters = (upright.quarters + degrees / 90) % 4;
  const int operation = (upright.mirrored ? 4 : 0) + quarters;
  auto turned = transform(jpeg, kOperations[static_cast<std::size_t>(operation)]);
  if (!turned) return {};
  const Bytes kept = kept_segments(jpeg, quarters % 2 != 0);
  turned->insert(turned->begin() + static_cast<std::ptrdiff_t>(place_for_segments(*turned)),
                 kept.begin(), kept.end());
  return turned;
}

}  // namespace farm::image
