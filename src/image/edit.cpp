// Edits: a new original from another, upright, every frame of an animation treated alike.
#include <functional>
#include <string>
#include <vector>

#include "image/colour.h"
#include "image/encode.h"
#include "image/image.h"
#include "image/loader.h"
#include "image/rotate_jpeg.h"

namespace farm::image {
namespace {

using photo::Format;

// One frame, upright, in memory where the step needs it: what an edit does to it.
using Step = std::function<Result<Image>(const Image& frame)>;

// An edited picture keeps its colour profile and what EXIF tells about the shot. It loses what
// could still show the uncut picture (the EXIF thumbnail, previews in maker notes) and what
// describes the old bytes (XMP, IPTC and Photoshop blocks: crops, regions, gain maps).
Result<Image> without_stale_metadata(const Image& image) {
  FARM_TRY(Image copy,
           apply([&](VipsImage** out) { return vips_copy(image.get(), out, nullptr); }));
  for (const char* name : {VIPS_META_XMP_NAME, VIPS_META_IPTC_NAME, VIPS_META_PHOTOSHOP_NAME,
                           "jpeg-thumbnail-data", "exif-ifd2-MakerNote", VIPS_META_ORIENTATION}) {
    vips_image_remove(copy.get(), name);
  }
  return copy;
}

bool writes(Format format) {
  return format == Format::kPng || format == Format::kGif || format == Format::kWebp;
}

// JPEG holds 8-bit grey, RGB or CMYK without alpha. What fits stays in its own colour space.
Result<Image> fit_for_jpeg(const Image& image) {
  FARM_TRY(Image opaque, make_opaque(image));
  if (vips_image_get_format(opaque.get()) == VIPS_FORMAT_UCHAR && has_plain_colours(opaque)) {
    return opaque;
  }
  return to_srgb(opaque);
}

Result<Image> turn_upright(const Image& image) {
  if (vips_image_get_orientation(image.get()) == 1) return share(image);
  FARM_TRY(const Image decoded, into_memory(image));
  return apply([&](VipsImage** out) { return vips_autorot(decoded.get(), out, nullptr); });
}

Result<Image> edit_frames(const Image& image, int frames, const Step& step) {
  FARM_TRY(const Image decoded, into_memory(image));
  const int width = vips_image_get_width(decoded.get());
  const int height = vips_image_get_page_height(decoded.get());
  std::vector<Image> edited;
  std::vector<VipsImage*> column;
  for (int i = 0; i < frames; ++i) {
    FARM_TRY(const Image frame, apply([&](VipsImage** out) {
               return vips_extract_area(decoded.get(), out, 0, i * height, width, height, nullptr);
             }));
    FARM_TRY(const Image upright, turn_upright(frame));
    FARM_TRY(Image one, step(upright));
    column.push_back(one.get());
    edited.push_back(std::move(one));
  }
  FARM_TRY(Image joined, apply([&](VipsImage** out) {
             return vips_arrayjoin(column.data(), out, frames, "across", 1, nullptr);
           }));
  FARM_TRY(Image copy,
           apply([&](VipsImage** out) { return vips_copy(joined.get(), out, nullptr); }));
  vips_image_set_int(copy.get(), VIPS_META_PAGE_HEIGHT, vips_image_get_height(edited[0].get()));
  return copy;
}

Result<Bytes> edit(Opened& opened, const Step& step, const Config& config) {
  const Format format = opened.picture.format;
  FARM_TRY(const Image loaded, load_all_frames(opened, config.limits));
  const int frames = vips_image_get_height(loaded.get()) / static_cast<int>(opened.stored.height);
  if (frames > 1) {
    FARM_TRY(const Image edited, edit_frames(loaded, frames, step));
    FARM_TRY(const Image clean, without_stale_metadata(edited));
    return encode_original(clean, format, config.edit_quality);
  }
  FARM_TRY(const Image upright, turn_upright(loaded));
  FARM_TRY(const Image edited, step(upright));
  FARM_TRY(const Image clean, without_stale_metadata(edited));
  if (writes(format)) return encode_original(clean, format, config.edit_quality);
  FARM_TRY(const Image plain, fit_for_jpeg(clean));
  return encode_original(plain, Format::kJpeg, config.edit_quality);
}

}  // namespace

Result<Bytes> rotate(ByteView original, Rotate edit_asked, const Config& config) {
  const Visit visit;
  if (edit_asked.degrees != 90 && edit_asked.degrees != 180 && edit_asked.degrees != 270) {
    return fail(ErrorCode::kInvalidArgument, "image", "a picture turns by 90, 180 or 270 degrees");
  }
  const auto angle = static_cast<VipsAngle>(edit_asked.degrees / 90);
  FARM_TRY(Opened opened, open(original, config.limits));
  if (opened.picture.format == Format::kJpeg) {
    const int orientation = vips_image_get_orientation(opened.image.get());
    if (auto turned = rotate_jpeg(original, orientation, edit_asked.degrees)) {
      return std::move(*turned);
    }
  }
  const Step turn = [&](const Image& frame) -> Result<Image> {
    FARM_TRY(const Image decoded, into_memory(frame));
    return apply([&](VipsImage** out) { return vips_rot(decoded.get(), out, angle, nullptr); });
  };
  return edit(opened, turn, config);
}

Result<Bytes> crop(ByteView original, Crop area, const Config& config) {
  const Visit visit;
  FARM_TRY(Opened opened, open(original, config.limits));
  const auto [width, height] = opened.picture.dimensions;
  const bool inside = area.width > 0 && area.height > 0 && area.x < width && area.y < height &&
                      area.width <= width - area.x && area.height <= height - area.y;
  if (!inside) {
    return fail(ErrorCode::kInvalidArgument, "image",
                "the rectangle is not inside the picture, which is " + std::to_string(width) + "x" +
                    std::to_string(height));
  }
  const Step cut = [&](const Image& frame) {
    return apply([&](VipsImage** out) {
      return vips_extract_area(frame.get(), out, static_cast<int>(area.x), static_cast<int>(area.y),
                               static_cast<int>(area.width), static_cast<int>(area.height),
                               nullptr);
    });
  };
  return edit(opened, cut, config);
}

}  // namespace farm::image
