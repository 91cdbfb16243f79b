#include "image/sharpen.h"

#include <algorithm>

namespace farm::image {
namespace {

// One row; `y` and the rows beside it, the same again at an end.
void sharpen_row(const Plane& from, std::uint32_t y, int percent, std::uint8_t* out) {
  const std::uint8_t* upper = from.row(y == 0 ? 0 : y - 1);
  const std::uint8_t* here = from.row(y);
  const std::uint8_t* lower = from.row(std::min(y + 1, from.height - 1));
  const auto column = [&](std::uint32_t x) { return upper[x] + 2 * here[x] + lower[x]; };
  for (std::uint32_t x = 0; x < from.width; ++x) {
    const int blurred =
        column(x == 0 ? 0 : x - 1) + 2 * column(x) + column(std::min(x + 1, from.width - 1));
    const int lost = 16 * here[x] - blurred;  // in sixteenths
    const int rounding = lost < 0 ? -800 : 800;
    out[x] =
        static_cast<std::uint8_t>(std::clamp(here[x] + (lost * percent + rounding) / 1600, 0, 255));
  }
}

}  // namespace

void sharpen(Planes& planes, int percent) {
  if (percent == 0) return;
  Plane& bright = planes.planes[0];
  Plane out(bright.width, bright.height);
  for (std::uint32_t y = 0; y < bright.height; ++y) sharpen_row(bright, y, percent, out.row(y));
  bright = std::move(out);
}

}  // namespace farm::image
