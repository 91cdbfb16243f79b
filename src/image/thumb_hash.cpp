#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "image/glance.h"

namespace farm::image {
namespace {

// One channel of the picture as a few cosine waves: the mean, and how strong each wave is, all of
// them together scaled to 0 to 1 around one half.
struct Waves {
  double mean = 0;
  double scale = 0;
  std::vector<double> strengths;
};

struct Grid {
  std::uint32_t across, down;
};

// cos(pi / length * wave * (place + 1/2)), wave by wave.
std::vector<double> cosines(std::uint32_t length, std::uint32_t waves) {
  std::vector<double> table;
  table.reserve(std::size_t{length} * waves);
  for (std::uint32_t wave = 0; wave < waves; ++wave) {
    for (std::uint32_t place = 0; place < length; ++place) {
      table.push_back(std::cos(std::numbers::pi / length * wave * (place + 0.5)));
    }
  }
  return table;
}

double correlation(const std::vector<double>& channel, const RgbPixels& size, const double* across,
                   const double* down) {
  double sum = 0;
  for (std::uint32_t y = 0; y < size.height; ++y) {
    const double* row = channel.data() + std::size_t{y} * size.width;
    double of_row = 0;
    for (std::uint32_t x = 0; x < size.width; ++x) of_row += row[x] * across[x];
    sum += of_row * down[y];
  }
  return sum / (static_cast<double>(size.width) * size.height);
}

Waves to_waves(const std::vector<double>& channel, const RgbPixels& size, Grid grid) {
  const std::vector<double> across = cosines(size.width, grid.across);
  const std::vector<double> down = cosines(size.height, grid.down);
  Waves waves;
  // The triangle of low frequencies, row by row.
  for (std::uint32_t v = 0; v < grid.down; ++v) {
    for (std::uint32_t u = 0; u * grid.down < grid.across * (grid.down - v); ++u) {
      const double strength =
          correlation(channel, size, across.data() + std::size_t{u} * size.width,
                      down.data() + std::size_t{v} * size.height);
      if (u == 0 && v == 0) {
        waves.mean = strength;
        continue;
      }
      waves.strengths.push_back(strength);
      waves.scale = std::max(waves.scale, std::abs(strength));
    }
  }
  for (double& strength : waves.strengths) {
    strength = waves.scale > 0 ? 0.5 + 0.5 / waves.scale * strength : 0;
  }
  return waves;
}

std::uint32_t rounded(double value) { return static_cast<std::uint32_t>(std::floor(value + 0.5)); }

void append_strengths(const Waves& waves, Bytes& hash, bool& half) {
  for (const double strength : waves.strengths) {
    const auto nibble = static_cast<std::byte>(rounded(15 * strength));
    if (half) {
      hash.back() |= nibble << 4;
    } else {
      hash.push_back(nibble);
    }
    half = !half;
  }
}

}  // namespace

Bytes thumb_hash(const RgbPixels& pixels) {
  const std::size_t count = std::size_t{pixels.width} * pixels.height;
  if (count == 0) return {};
  std::vector<double> lightness(count), yellow_blue(count), red_green(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double red = std::to_integer<int>(pixels.bytes[3 * i]) / 255.0;
    const double green = std::to_integer<int>(pixels.bytes[3 * i + 1]) / 255.0;
    const double blue = std::to_integer<int>(pixels.bytes[3 * i + 2]) / 255.0;
    lightness[i] = (red + green + blue) / 3;
    yellow_blue[i] = (red + green) / 2 - blue;
    red_green[i] = red - green;
  }
  constexpr double kMostWaves = 7;
  const double longest = std::max(pixels.width, pixels.height);
  const Grid grid{std::max(1U, rounded(kMostWaves * pixels.width / longest)),
                  std::max(1U, rounded(kMostWaves * pixels.height / longest))};
  const Waves l = to_waves(lightness, pixels, {std::max(3U, grid.across), std::max(3U, grid.down)});
  const Waves p = to_waves(yellow_blue, pixels, {3, 3});
  const Waves q = to_waves(red_green, pixels, {3, 3});

  const bool landscape = pixels.width > pixels.height;
  const std::uint32_t head = rounded(63 * l.mean) | rounded(31.5 + 31.5 * p.mean) << 6 |
                             rounded(31.5 + 31.5 * q.mean) << 12 | rounded(31 * l.scale) << 18;
  const std::uint32_t more = (landscape ? grid.down : grid.across) | rounded(63 * p.scale) << 3 |
                             rounded(63 * q.scale) << 9 | (landscape ? 1U << 15 : 0U);
  Bytes hash;
  for (const int shift : {0, 8, 16}) hash.push_back(static_cast<std::byte>(head >> shift & 255));
  for (const int shift : {0, 8}) hash.push_back(static_cast<std::byte>(more >> shift & 255));
  bool half = false;
  for (const Waves* waves : {&l, &p, &q}) append_strengths(*waves, hash, half);
  return hash;
}

}  // namespace farm::image
