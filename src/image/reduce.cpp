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

}  // namespace

Result<Planes> reduce(const Planes& planes, Dimensions to, const Config&) {
  const auto [width, height] = planes.dimensions;
  Part across{0, static_cast<double>(width)};
  Part down{0, static_cast<double>(height)};
  if (to.width == to.height && width != height) {
    const double side = std::min(width, height);
    across = middle(width, side);
    down = middle(height, side);
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
