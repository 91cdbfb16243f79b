#include <array>

#include "image/glance.h"

namespace farm::image {
namespace {

constexpr int kSide = 16;  // cells along each channel

struct Cell {
  std::uint32_t count = 0;
  std::array<std::uint32_t, 3> sums{};
};
using Cells = std::array<Cell, kSide * kSide * kSide>;

std::size_t place(int red, int green, int blue) {
  const int cell = (red * kSide + green) * kSide + blue;
  return static_cast<std::size_t>(cell);
}

std::uint32_t count_at(const Cells& cells, int red, int green, int blue) {
  const auto inside = [](int value) { return value >= 0 && value < kSide; };
  if (!inside(red) || !inside(green) || !inside(blue)) return 0;
  return cells[place(red, green, blue)].count;
}

// Twice its pixels and once those of its neighbours: a colour that lies across two cells is not
// beaten by a smaller one that lies inside one.
std::uint32_t weight(const Cells& cells, int red, int green, int blue) {
  const std::uint32_t own = count_at(cells, red, green, blue);
  if (own == 0) return 0;
  return 2 * own + count_at(cells, red - 1, green, blue) + count_at(cells, red + 1, green, blue) +
         count_at(cells, red, green - 1, blue) + count_at(cells, red, green + 1, blue) +
         count_at(cells, red, green, blue - 1) + count_at(cells, red, green, blue + 1);
}

}  // namespace

std::uint32_t dominant_colour(const RgbPixels& pixels) {
  Cells cells{};
  const std::size_t bytes = std::size_t{pixels.width} * pixels.height * 3;
  for (std::size_t i = 0; i < bytes; i += 3) {
    std::array<int, 3> colour{};
    for (std::size_t c = 0; c < 3; ++c) colour[c] = std::to_integer<int>(pixels.bytes[i + c]);
    Cell& cell = cells[place(colour[0] / kSide, colour[1] / kSide, colour[2] / kSide)];
    ++cell.count;
    for (std::size_t c = 0; c < 3; ++c) cell.sums[c] += static_cast<std::uint32_t>(colour[c]);
  }
  const Cell* best = nullptr;
  std::uint32_t most = 0;
  for (int red = 0; red < kSide; ++red) {
    for (int green = 0; green < kSide; ++green) {
      for (int blue = 0; blue < kSide; ++blue) {
        const std::uint32_t found = weight(cells, red, green, blue);
        if (found <= most) continue;
        most = found;
        best = &cells[place(red, green, blue)];
      }
    }
  }
  if (best == nullptr) return 0;
  std::uint32_t colour = 0;
  for (const std::uint32_t sum : best->sums)
    colour = colour << 8 | (sum + best->count / 2) / best->count;
  return colour;
}

}  // namespace farm::image
