#include "image/planes.h"

#include <algorithm>

namespace farm::image {
namespace {

using photo::Dimensions;

constexpr std::uint32_t kBlockPx = 16;
constexpr int kBits = 16;  // of the fractions below
constexpr int kHalf = 1 << (kBits - 1);

constexpr int fixed(double factor) {
  return static_cast<int>(factor * (1 << kBits) + (factor < 0 ? -0.5 : 0.5));
}

std::uint8_t clamped(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

Plane transposed(const Plane& plane) {
  constexpr std::uint32_t kTile = 32;  // both sides of a tile stay in the first cache
  Plane out(plane.height, plane.width);
  for (std::uint32_t top = 0; top < plane.height; top += kTile) {
    for (std::uint32_t left = 0; left < plane.width; left += kTile) {
      const std::uint32_t bottom = std::min(top + kTile, plane.height);
      const std::uint32_t right = std::min(left + kTile, plane.width);
      for (std::uint32_t y = top; y < bottom; ++y) {
        for (std::uint32_t x = left; x < right; ++x) out.row(x)[y] = plane.row(y)[x];
      }
    }
  }
  return out;
}

const std::uint8_t* row_of(const Image& image, std::uint32_t y) {
  return VIPS_IMAGE_ADDR(image.get(), 0, static_cast<int>(y));
}

Planes grey_planes(const Image& image, Dimensions size) {
  Planes out{size, false, {}};
  Plane plane(size.width, size.height);
  for (std::uint32_t y = 0; y < size.height; ++y) {
    std::copy_n(row_of(image, y), size.width, plane.row(y));
  }
  out.planes.push_back(std::move(plane));
  return out;
}

void brightness(const std::uint8_t* rgb, std::uint32_t width, std::uint8_t* out) {
  for (std::uint32_t x = 0; x < width; ++x, rgb += 3) {
    out[x] = static_cast<std::uint8_t>((fixed(0.299) * rgb[0] + fixed(0.587) * rgb[1] +
                                        (65536 - fixed(0.299) - fixed(0.587)) * rgb[2] + kHalf) >>
                                       kBits);
  }
}

// One row of colour from two rows of pixels (the same twice at an odd end).
void halved_colour(const std::uint8_t* upper, const std::uint8_t* lower, std::uint32_t width,
                   std::uint8_t* cb, std::uint8_t* cr) {
  constexpr int kZero = 128 << (kBits + 2);
  for (std::uint32_t x = 0; x < width; x += 2) {
    const std::size_t left = std::size_t{x} * 3;
    const std::size_t right = std::size_t{std::min(x + 1, width - 1)} * 3;
    const auto sum = [&](std::size_t c) {
      return upper[left + c] + upper[right + c] + lower[left + c] + lower[right + c];
    };
    const int r = sum(0);
    const int g = sum(1);
    const int b = sum(2);
    const int blue = fixed(-0.168735892) * r + fixed(-0.331264108) * g + fixed(0.5) * b;
    const int red = fixed(0.5) * r + fixed(-0.418687589) * g + fixed(-0.081312411) * b;
    cb[x / 2] = clamped((blue + kZero + 2 * kHalf) >> (kBits + 2));
    cr[x / 2] = clamped((red + kZero + 2 * kHalf) >> (kBits + 2));
  }
}

void to_rgb(int bright, int blue, int red, std::uint8_t* rgb) {
  rgb[0] = clamped(bright + ((fixed(1.402) * red + kHalf) >> kBits));
  rgb[1] =
      clamped(bright + ((fixed(-0.344136286) * blue + fixed(-0.714136286) * red + kHalf) >> kBits));
  rgb[2] = clamped(bright + ((fixed(1.772) * blue + kHalf) >> kBits));
}

// Of halved planes: between the two nearest samples, three quarters of the nearer one.
struct Tap {
  std::uint32_t near = 0;
  std::uint32_t far = 0;
};
Tap tap_of(std::uint32_t at, std::uint32_t samples) {
  const std::uint32_t near = at / 2;
  const std::uint32_t next = std::min(near + 1, samples - 1);
  return {near, at % 2 == 0 ? (near == 0 ? 0 : near - 1) : next};
}

int smooth(const Plane& plane, Tap x, Tap y) {
  const std::uint8_t* nearer = plane.row(y.near);
  const std::uint8_t* farther = plane.row(y.far);
  return (9 * nearer[x.near] + 3 * nearer[x.far] + 3 * farther[x.near] + farther[x.far] + 8) >> 4;
}

void to_rgb_row(const Planes& planes, std::uint32_t y, std::uint8_t* rgb) {
  const Plane& cb = planes.planes[1];
  const Plane& cr = planes.planes[2];
  const std::uint8_t* bright = planes.planes[0].row(y);
  if (!planes.halved) {
    const std::uint8_t* blue = cb.row(y);
    const std::uint8_t* red = cr.row(y);
    for (std::uint32_t x = 0; x < planes.dimensions.width; ++x, rgb += 3) {
      to_rgb(bright[x], blue[x] - 128, red[x] - 128, rgb);
    }
    return;
  }
  const Tap down = tap_of(y, cb.height);
  for (std::uint32_t x = 0; x < planes.dimensions.width; ++x, rgb += 3) {
    const Tap across = tap_of(x, cb.width);
    to_rgb(bright[x], smooth(cb, across, down) - 128, smooth(cr, across, down) - 128, rgb);
  }
}

}  // namespace

Plane::Plane(std::uint32_t width_px, std::uint32_t height_px)
    : width(width_px),
      height(height_px),
      stride((width_px + kBlockPx - 1) / kBlockPx * kBlockPx),
      samples(std::make_unique_for_overwrite<std::uint8_t[]>(  // NOLINT(modernize-avoid-c-arrays)
          std::size_t{stride} * height_px)) {}

Planes transposed(const Planes& planes) {
  Planes out{{planes.dimensions.height, planes.dimensions.width}, planes.halved, {}};
  for (const Plane& plane : planes.planes) out.planes.push_back(transposed(plane));
  return out;
}

Planes to_planes(const Image& image) {
  const Dimensions size{static_cast<std::uint32_t>(vips_image_get_width(image.get())),
                        static_cast<std::uint32_t>(vips_image_get_height(image.get()))};
  if (vips_image_get_bands(image.get()) == 1) return grey_planes(image, size);
  Planes out{size, true, {}};
  Plane y(size.width, size.height);
  Plane cb((size.width + 1) / 2, (size.height + 1) / 2);
  Plane cr(cb.width, cb.height);
  for (std::uint32_t at = 0; at < size.height; ++at) {
    brightness(row_of(image, at), size.width, y.row(at));
    if (at % 2 != 0) continue;
    halved_colour(row_of(image, at), row_of(image, std::min(at + 1, size.height - 1)), size.width,
                  cb.row(at / 2), cr.row(at / 2));
  }
  out.planes.push_back(std::move(y));
  out.planes.push_back(std::move(cb));
  out.planes.push_back(std::move(cr));
  return out;
}

Result<Image> to_image(const Planes& planes) {
  const int bands = planes.grey() ? 1 : 3;
  const auto [width, height] = planes.dimensions;
  Image image(vips_image_new_memory());
  vips_image_init_fields(image.get(), static_cast<int>(width), static_cast<int>(height), bands,
                         VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                         bands == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, 1, 1);
  if (vips_image_write_prepare(image.get()) != 0) return fail(damaged());
  for (std::uint32_t y = 0; y < height; ++y) {
    std::uint8_t* row = VIPS_IMAGE_ADDR(image.get(), 0, static_cast<int>(y));
    if (planes.grey()) {
      std::copy_n(planes.planes[0].row(y), width, row);
    } else {
      to_rgb_row(planes, y, row);
    }
  }
  return image;
}

}  // namespace farm::image
