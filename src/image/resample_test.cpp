#include "image/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace farm::image {
namespace {

Plane ramp(std::uint32_t width, std::uint32_t height, double across, double down) {
  Plane plane(width, height);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      plane.row(y)[x] =
          static_cast<std::uint8_t>(std::lround(across * (x + 0.5) + down * (y + 0.5)));
    }
  }
  return plane;
}

Axis whole(std::uint32_t from, std::uint32_t to) {
  return {.from = from, .from_extent = double(from), .to = to, .to_extent = double(to)};
}

TEST(Resample, WeightsSumToOneAndStayInside) {
  for (const std::uint32_t from : {1U, 2U, 3U, 7U, 100U, 3264U}) {
    for (const std::uint32_t to : {1U, 2U, 5U, 75U, 100U}) {
      if (to > from) continue;
      for (const bool mirrored : {false, true}) {
        Axis axis = whole(from, to);
        axis.mirrored = mirrored;
        const Filter filter = make_filter(axis);
        ASSERT_EQ(filter.first.size(), to);
        for (std::uint32_t i = 0; i < to; ++i) {
          EXPECT_LE(filter.first[i] + filter.taps, from);
          double sum = 0;
          for (std::uint32_t k = 0; k < filter.taps; ++k) {
            sum += filter.weights[i * filter.taps + k];
          }
          EXPECT_NEAR(sum, 1, 1e-5);
        }
      }
    }
  }
}

TEST(Resample, KeepsOneColour) {
  for (const int value : {0, 1, 77, 128, 254, 255}) {
    Plane plane(201, 133);
    for (std::uint32_t y = 0; y < plane.height; ++y) {
      std::fill_n(plane.row(y), plane.width, static_cast<std::uint8_t>(value));
    }
    const Plane out = reduce(plane, whole(201, 67), whole(133, 9));
    for (std::uint32_t y = 0; y < out.height; ++y) {
      for (std::uint32_t x = 0; x < out.width; ++x) ASSERT_EQ(out.row(y)[x], value);
    }
  }
}

// Where a sample comes from is exact: a slope stays where it is, whatever the ratio.
TEST(Resample, MovesNothing) {
  const Plane plane = ramp(300, 200, 0.5, 0.4);
  for (const auto& [width, height] : {std::pair{299U, 199U}, {150U, 100U}, {97U, 61U}, {13U, 9U}}) {
    const Plane out = reduce(plane, whole(300, width), whole(200, height));
    for (std::uint32_t y = 1; y + 1 < height; ++y) {
      for (std::uint32_t x = 1; x + 1 < width; ++x) {
        const double wanted = 0.5 * (x + 0.5) * 300 / width + 0.4 * (y + 0.5) * 200 / height;
        ASSERT_NEAR(out.row(y)[x], wanted, 1.6) << width << " " << x << "," << y;
      }
    }
  }
}

TEST(Resample, MirrorsExactly) {
  const Plane plane = ramp(301, 203, 0.5, 0.4);
  const Plane plain = reduce(plane, whole(301, 100), whole(203, 50));
  Axis across = whole(301, 100);
  Axis down = whole(203, 50);
  across.mirrored = down.mirrored = true;
  const Plane turned = reduce(plane, across, down);
  for (std::uint32_t y = 0; y < 50; ++y) {
    for (std::uint32_t x = 0; x < 100; ++x) {
      ASSERT_NEAR(turned.row(y)[x], plain.row(49 - y)[99 - x], 1);
    }
  }
}

// Half samples: of 11 pixels, halved to 5.5 samples of colour, half as many again make 2.75.
TEST(Resample, TakesPartsOfSamples) {
  Plane plane(6, 6);
  for (std::uint32_t y = 0; y < 6; ++y) {
    for (std::uint32_t x = 0; x < 6; ++x) plane.row(y)[x] = static_cast<std::uint8_t>(40 * x);
  }
  const Axis across{.from = 6, .from_extent = 5.5, .to = 3, .to_extent = 2.75};
  const Plane out = reduce(plane, across, whole(6, 3));
  EXPECT_NEAR(out.row(1)[1], 40 * 2.5, 2);
}

// As fine as can be shown stays, finer is gone instead of coming out as something else.
TEST(Resample, TakesAwayWhatIsTooFine) {
  Plane plane(1000, 8);
  for (std::uint32_t y = 0; y < 8; ++y) {
    for (std::uint32_t x = 0; x < 1000; ++x) {
      plane.row(y)[x] = static_cast<std::uint8_t>(
          std::lround(128 + 100 * std::sin(2 * std::numbers::pi * x / 6)));
    }
  }
  const Plane out = reduce(plane, whole(1000, 250), whole(8, 2));
  for (std::uint32_t x = 5; x < 245; ++x) EXPECT_NEAR(out.row(0)[x], 128, 8);
}

}  // namespace
}  // namespace farm::image
