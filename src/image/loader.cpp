#include "image/loader.h"

#include <algorithm>
#include <string>

#include "image/jpeg_scans.h"
#include "image/measure.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::Format;

// A TIFF may have thousands of channels; colour, alpha and a few masks are a picture.
constexpr int kMaxBands = 8;

// A scaled decode leaves at least this much more than is wanted, so that the last reduction, whose
// filter is the better one, still has something to do.
constexpr double kRoomForReduction = 1.25;

struct LoadOptions {
  int shrink = 1;  // of JPEG and WebP
  int frames = 1;
  bool accept_truncated = false;
};

// Each format has its own loader here; libvips never chooses one. A picture whose data ends early
// is refused (unless they are accepted), but a warning is not: real cameras write files that
// deserve one.
Result<Image> load(ByteView bytes, Format format, LoadOptions options) {
  void* data = const_cast<std::byte*>(bytes.data());  // NOLINT: libvips only reads it
  const std::size_t size = bytes.size();
  const auto access = VIPS_ACCESS_SEQUENTIAL;
  const auto strict = options.accept_truncated ? VIPS_FAIL_ON_NONE : VIPS_FAIL_ON_TRUNCATED;
  return apply([&](VipsImage** out) {
    switch (format) {
      case Format::kJpeg:
        return vips_jpegload_buffer(data, size, out, "access", access, "fail_on", strict, "shrink",
                                    options.shrink, nullptr);
      case Format::kPng:
        return vips_pngload_buffer(data, size, out, "access", access, "fail_on", strict, nullptr);
      case Format::kGif:
        return vips_gifload_buffer(data, size, out, "access", access, "fail_on", strict, "n",
                                   options.frames, nullptr);
      case Format::kWebp:
        return vips_webpload_buffer(data, size, out, "access", access, "fail_on", strict, "n",
                                    options.frames, "scale", 1.0 / options.shrink, nullptr);
      case Format::kTiff:
        return vips_tiffload_buffer(data, size, out, "access", access, "fail_on", strict, nullptr);
      case Format::kHeic:
      case Format::kAvif:
        return vips_heifload_buffer(data, size, out, "access", access, "fail_on", strict, nullptr);
    }
    return -1;
  });
}

Dimensions dimensions_of(const Image& image) {
  return {static_cast<std::uint32_t>(vips_image_get_width(image.get())),
          static_cast<std::uint32_t>(vips_image_get_height(image.get()))};
}

auto too_large(std::string context) {
  return fail(ErrorCode::kTooLarge, "image", std::move(context));
}

// 8 and 16 bits, and floating point as some TIFFs have it; not complex numbers and the like.
Result<void> check_samples(const Image& image) {
  const VipsBandFormat samples = vips_image_get_format(image.get());
  const bool known =
      samples == VIPS_FORMAT_UCHAR || samples == VIPS_FORMAT_USHORT || samples == VIPS_FORMAT_FLOAT;
  if (!known || vips_image_get_bands(image.get()) > kMaxBands) {
    return fail(ErrorCode::kUnsupported, "image",
                "the picture has channels or samples of a kind not taken here");
  }
  return ok();
}

Result<void> check_scans(ByteView bytes, const Image& image, Format format, const Limits& limits) {
  const bool progressive =
      format == Format::kJpeg && vips_image_get_typeof(image.get(), "interlaced") != 0;
  if (progressive && count_scans(bytes, limits.max_scans) > limits.max_scans) {
    return too_large("the picture has more than " + std::to_string(limits.max_scans) +
                     " scans, each of which takes the time of a whole picture");
  }
  return ok();
}

int shrink_for(Dimensions stored, Dimensions wanted) {
  for (const int shrink : {8, 4, 2}) {
    if (stored.width >= wanted.width * shrink * kRoomForReduction &&
        stored.height >= wanted.height * shrink * kRoomForReduction) {
      return shrink;
    }
  }
  return 1;
}

}  // namespace

Result<Opened> open(ByteView bytes, const Limits& limits) {
  if (bytes.size() > limits.max_file_bytes) {
    return too_large("the file has " + std::to_string(bytes.size()) +
                     " bytes; it may have at most " + std::to_string(limits.max_file_bytes));
  }
  FARM_TRY(const Format format, identify(bytes));
  FARM_TRY(Image image, load(bytes, format, {.accept_truncated = limits.accept_truncated}));
  const Dimensions stored = dimensions_of(image);
  FARM_TRY(check_dimensions(stored, limits));
  FARM_TRY(check_samples(image));
  FARM_TRY(check_scans(bytes, image, format, limits));

  const bool turned = vips_image_get_orientation_swap(image.get()) != 0;
  const Dimensions upright = turned ? Dimensions{stored.height, stored.width} : stored;
  return Opened{.bytes = bytes,
                .picture = {format, upright},
                .stored = stored,
                .turned = turned,
                .accept_truncated = limits.accept_truncated,
                .image = std::move(image)};
}

Result<Image> load_for(Opened& opened, Dimensions wanted) {
  const Format format = opened.picture.format;
  if (format == Format::kJpeg || format == Format::kWebp) {
    const int shrink = shrink_for(opened.stored, wanted);
    const LoadOptions options{.shrink = shrink, .accept_truncated = opened.accept_truncated};
    if (shrink > 1) return load(opened.bytes, format, options);
  }
  return std::move(opened.image);
}

Result<Image> load_all_frames(Opened& opened, const Limits& limits) {
  const int frames = vips_image_get_n_pages(opened.image.get());
  const Format format = opened.picture.format;
  if (frames <= 1 || (format != Format::kGif && format != Format::kWebp)) {
    return std::move(opened.image);
  }
  const std::uint64_t pixels = std::uint64_t{opened.stored.width} * opened.stored.height;
  if (pixels * static_cast<std::uint64_t>(frames) > limits.max_pixels) {
    return too_large("the animation has " + std::to_string(frames) + " frames; all of them " +
                     "together may have at most " + std::to_string(limits.max_pixels) + " pixels");
  }
  return load(opened.bytes, format, {.frames = -1, .accept_truncated = limits.accept_truncated});
}

}  // namespace farm::image
