#include "image/resample_kernels.h"

#include <cstring>

namespace farm::image {
namespace {

// Eight at once: one register where the processor has AVX, two where it has only SSE.
using Floats = float __attribute__((vector_size(32), aligned(4), may_alias));
using Ints = std::int32_t __attribute__((vector_size(32)));

#define FARM_INLINE __attribute__((always_inline)) inline

FARM_INLINE const Floats& at(const float* place) { return *reinterpret_cast<const Floats*>(place); }
FARM_INLINE Floats& at(float* place) { return *reinterpret_cast<Floats*>(place); }

// The compiler makes vectors of this loop by itself.
FARM_INLINE void do_to_floats(const std::uint8_t* __restrict samples, float* __restrict out,
                              std::size_t count) {
  for (std::size_t x = 0; x < count; ++x) out[x] = samples[x];
}

template <std::size_t kRegisters>
FARM_INLINE void do_weigh_part(std::span<const float* const> rows, const float* weights, float* out,
                               std::size_t x) {
  Floats sums[kRegisters] = {};
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const float* row = rows[k] + x;
    const float weight = weights[k];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kRegisters; ++i) sums[i] += weight * at(row + i * kLanes);
  }
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kRegisters; ++i) at(out + x + i * kLanes) = sums[i];
}

FARM_INLINE void do_weigh_rows(std::span<const float* const> rows, const float* weights, float* out,
                               std::size_t count) {
  constexpr std::size_t kMany = 4;
  std::size_t x = 0;
  for (; x + kMany * kLanes <= count; x += kMany * kLanes) {
    do_weigh_part<kMany>(rows, weights, out, x);
  }
  for (; x < count; x += kLanes) do_weigh_part<1>(rows, weights, out, x);
}

// One new sample of each lane, 0 to 255.
FARM_INLINE void weigh_column(const float* column, const float* weights, std::size_t taps,
                              Ints& samples) {
  Floats sum = {};
  for (std::size_t k = 0; k < taps; ++k) sum += weights[k] * at(column + k * kLanes);
  sum += 0.5F;
  sum = sum > 0 ? sum : Floats{};
  sum = sum < 255.5F ? sum : Floats{} + 255.5F;
  samples = __builtin_convertvector(sum, Ints);
}

FARM_INLINE void do_weigh_columns(const float* columns, const Filter& filter,
                                  const std::array<std::uint8_t*, kLanes>& out, std::size_t used) {
  const std::size_t taps = filter.taps;
  const std::size_t count = filter.first.size();
  const float* weights = filter.weights.data();
  const std::uint32_t* first = filter.first.data();
  const auto place = [&](std::size_t x) { return columns + std::size_t{first[x]} * kLanes; };
  std::size_t x = 0;
  // Four new samples of a lane are stored as one number.
  for (; x + 4 <= count; x += 4) {
    Ints four = {};
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      Ints samples;
      weigh_column(place(x + i), weights + (x + i) * taps, taps, samples);
      four |= samples << static_cast<int>(8 * i);
    }
    for (std::size_t lane = 0; lane < used; ++lane) {
      const std::int32_t samples = four[lane];
      std::memcpy(out[lane] + x, &samples, sizeof samples);
    }
  }
  for (; x < count; ++x) {
    Ints samples;
    weigh_column(place(x), weights + x * taps, taps, samples);
    for (std::size_t lane = 0; lane < used; ++lane) {
      out[lane][x] = static_cast<std::uint8_t>(samples[lane]);
    }
  }
}

#if defined(__x86_64__)
#define FARM_WIDE __attribute__((target("avx2,fma")))

FARM_WIDE void wide_to_floats(const std::uint8_t* samples, float* out, std::size_t count) {
  do_to_floats(samples, out, count);
}
FARM_WIDE void wide_weigh_rows(std::span<const float* const> rows, const float* weights, float* out,
                               std::size_t count) {
  do_weigh_rows(rows, weights, out, count);
}
FARM_WIDE void wide_weigh_columns(const float* columns, const Filter& filter,
                                  const std::array<std::uint8_t*, kLanes>& out, std::size_t used) {
  do_weigh_columns(columns, filter, out, used);
}

bool is_wide() {
  static const bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return wide;
}
#endif

}  // namespace

void to_floats(const std::uint8_t* samples, float* out, std::size_t count) {
#if defined(__x86_64__)
  if (is_wide()) return wide_to_floats(samples, out, count);
#endif
  do_to_floats(samples, out, count);
}

void weigh_rows(std::span<const float* const> rows, const float* weights, float* out,
                std::size_t count) {
#if defined(__x86_64__)
  if (is_wide()) return wide_weigh_rows(rows, weights, out, count);
#endif
  do_weigh_rows(rows, weights, out, count);
}

void to_lane(const float* row, std::size_t count, float* columns, std::size_t lane) {
  for (std::size_t x = 0; x < count; ++x) columns[x * kLanes + lane] = row[x];
}

void weigh_columns(const float* columns, const Filter& filter,
                   const std::array<std::uint8_t*, kLanes>& out, std::size_t used) {
#if defined(__x86_64__)
  if (is_wide()) return wide_weigh_columns(columns, filter, out, used);
#endif
  do_weigh_columns(columns, filter, out, used);
}

}  // namespace farm::image
