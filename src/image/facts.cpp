#include "image/facts.h"

#include <algorithm>

#include "image/exif.h"
#include "image/glance.h"
#include "image/vips_handle.h"

namespace farm::image {
namespace {

// The thumbnail has been through orientation, colours and reduction: reading it back costs less
// than keeping its pixels would cost in plumbing, about 0.1 ms.
Result<Image> read_thumbnail(const RenderedSize& size) {
  void* data = const_cast<std::byte*>(size.bytes.data());  // NOLINT: libvips only reads it
  FARM_TRY(const Image loaded, apply([&](VipsImage** out) {
             return vips_jpegload_buffer(data, size.bytes.size(), out, nullptr);
           }));
  FARM_TRY(const Image colour, apply([&](VipsImage** out) {
             return vips_colourspace(loaded.get(), out, VIPS_INTERPRETATION_sRGB, nullptr);
           }));
  return into_memory(colour);
}

std::string colour_text(std::uint32_t colour) {
  const std::byte bytes[] = {static_cast<std::byte>(colour >> 16 & 255),
                             static_cast<std::byte>(colour >> 8 & 255),
                             static_cast<std::byte>(colour & 255)};
  return "#" + to_hex(bytes);
}

void add_glance(photo::Facts& facts, const RenderedSize& thumbnail) {
  const auto image = read_thumbnail(thumbnail);
  if (!image || vips_image_get_bands(image.value().get()) != 3) return;
  VipsImage* const read = image.value().get();
  const auto* data = static_cast<const std::byte*>(vips_image_get_data(read));
  const RgbPixels pixels{{data, VIPS_IMAGE_SIZEOF_IMAGE(read)},
                         static_cast<std::uint32_t>(vips_image_get_width(read)),
                         static_cast<std::uint32_t>(vips_image_get_height(read))};
  facts.dominant_color = colour_text(dominant_colour(pixels));
  facts.thumb_hash = to_base64(thumb_hash(pixels));
}

}  // namespace

photo::Facts facts_of(ByteView original, photo::Format format,
                      std::span<const RenderedSize> sizes) {
  const Visit visit;
  photo::Facts facts;
  if (const auto exif = find_exif(original, format)) {
    Shot shot = read_shot(*exif);
    facts.taken_at = std::move(shot.taken_at);
    facts.camera = std::move(shot.camera);
  }
  const auto thumbnail = std::ranges::find(sizes, photo::SizeCode::kThumbnail, &RenderedSize::code);
  if (thumbnail != sizes.end()) add_glance(facts, *thumbnail);
  return facts;
}

}  // namespace farm::image
