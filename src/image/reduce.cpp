#include "image/reduce.h"

#include <algorithm>

#include "image/resample.h"

namespace farm::image {
namespace {

using photo::Dimensions;

// What of one side of the picture is taken, in pixels.
struct Part {
  double begin = 0;
  double extent = 0;
};

Part middle(std::uint32_t side, double extent) { return {(side - extent) / 2, extent}; }

Axis axis(std::uint32_t samples, Part part, std::uint32_t to, bool halved) {
  const double share = halved ? 0.5 : 1;
  return {.from = samples,
          .from_begin = part.begin * share,
          .from_extent = part.extent * share,
          .to = halved ? (to + 1) / 2 : to,
          .to_extent = to * share};
}

Result<Planes> reduce_by_light(const Planes& planes, Dimensions to, Part across, Part down) {
  FARM_TRY(const Image image, to_image(planes));
  FARM_TRY(const Image part, apply([&](VipsImage** out) {
             return vips_extract_area(image.get(), out, static_cast<int>(across.begin),
                                      static_cast<int>(down.begin), static_cast<int>(across.extent),
                                      static_cast<int>(down.extent), nullptr);
           }));
  FARM_TRY(const Image reduced, reduce_light(part, to));
  FARM_TRY(const Image pixels, into_memory(reduced));
  return to_planes(pixels);
}

}  // namespace

Result<Image> reduce_light(const Image& image, Dimensions to) {
  const double across = static_cast<double>(to.width) / vips_image_get_width(image.get());
  const double down = static_cast<double>(to.height) / vips_image_get_height(image.get());
  if (across == 1 && down == 1) return share(image);
  const bool grey = vips_image_get_bands(image.get()) == 1;
  FARM_TRY(const Image light, apply([&](VipsImage** out) {
             return vips_colourspace(image.get(), out, VIPS_INTERPRETATION_scRGB, nullptr);
           }));
  FARM_TRY(const Image reduced, apply([&](VipsImage** out) {
             return vips_resize(light.get(), out, across, "vscale", down, "kernel",
                                VIPS_KERNEL_LANCZOS3, nullptr);
           }));
  return apply([&](VipsImage** out) {
    return vips_colourspace(reduced.get(), out,
                            grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, nullptr);
  });
}

Result<Planes> reduce(const Planes& planes, Dimensions to, const Config& config) {
  const auto [width, height] = planes.dimensions;
  Part across{0, static_cast<double>(width)};
  Part down{0, static_cast<double>(height)};
  if (to.width == to.height && width != height) {
    const double side = std::min(width, height);
    across = middle(width, side);
    down = middle(height, side);
  }
  if (config.linear_light && to != planes.dimensions) {
    return reduce_by_light(planes, to, across, down);
  }
  Planes out{to, planes.halved, {}};
  for (std::size_t i = 0; i < planes.planes.size(); ++i) {
    const Plane& plane = planes.planes[i];
    const bool halved = planes.halved && i > 0;
    out.planes.push_back(farm::image::reduce(plane, axis(plane.width, across, to.width, halved),
                                             axis(plane.height, down, to.height, halved)));
  }
  return out;
}

}  // namespace farm::image
