// The inner loops of resample.cpp, in the processor's widest vectors. Internal to the room. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "image/resample.h"

namespace farm::image {

inline constexpr std::size_t kLanes = 8;

void to_floats(const std::uint8_t* samples, float* out, std::size_t count);

// out[x] = the sum of weights[k] * rows[k][x]. `count` is a multiple of kLanes.
void weigh_rows(std::span<const float* const> rows, const float* weights, float* out,
                std::size_t count);

// columns[x * kLanes + lane] = row[x].
void to_lane(const float* row, std::size_t count, float* columns, std::size_t lane);

// The same along the rows, for kLanes rows at once, of which the first `used` go, rounded, to
// `out`.
void weigh_columns(const float* columns, const Filter& filter,
                   const std::array<std::uint8_t*, kLanes>& out, std::size_t used);

}  // namespace farm::image
