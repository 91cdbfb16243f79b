#include "image/sharpen.h"

#include <algorithm>
#include <vector>

namespace farm::image {
namespace {

constexpr int kBits = 16;  // of the fractions below

// One row. `columns` has room for width + 2: sums over three rows, the first and last one twice.
void sharpen_row(const Plane& from, std::uint32_t y, int factor, std::vector<int>& columns,
                 std::uint8_t* __restrict out) {
  const std::uint8_t* upper = from.row(y == 0 ? 0 : y - 1);
  const std::uint8_t* here = from.row(y);
  const std::uint8_t* lower = from.row(std::min(y + 1, from.height - 1));
  int* sums = columns.data() + 1;
  for (std::uint32_t x = 0; x < from.width; ++x) sums[x] = upper[x] + 2 * here[x] + lower[x];
  columns.front() = sums[0];
  columns.back() = sums[from.width - 1];
  const int* left = columns.data();
  for (std::uint32_t x = 0; x < from.width; ++x) {
    const int lost = 16 * here[x] - (left[x] + 2 * left[x + 1] + left[x + 2]);  // in sixteenths
    const int sharper = here[x] + ((lost * factor + (1 << (kBits - 1))) >> kBits);
    out[x] = static_cast<std::uint8_t>(std::clamp(sharper, 0, 255));
  }
}

}  // namespace

void sharpen(Planes& planes, int percent) {
  if (percent == 0) return;
  Plane& bright = planes.planes[0];
  Plane out(bright.width, bright.height);
  std::vector<int> columns(std::size_t{bright.width} + 2);
  const int factor = (percent << kBits) / 1600;  // of sixteenths
  for (std::uint32_t y = 0; y < bright.height; ++y) {
    sharpen_row(bright, y, factor, columns, out.row(y));
  }
  bright = std::move(out);
}

}  // namespace farm::image
