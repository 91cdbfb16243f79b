// CRC32C by folding: bytes are coefficients of a polynomial, and what is D bits further left than
// something else may be multiplied by x^D modulo the CRC's polynomial and added to it, which leaves
// the remainder as it is. A carry-less product does 64 bits of that at once, VPCLMULQDQ four times
// two of them. The method is that of Gopal and others, "Fast CRC Computation for Generic
// Polynomials Using PCLMULQDQ Instruction" (Intel, 2009).
#include "base/checksum_ways.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <bit>

// On the functions rather than the file: what headers define here inline may be the one definition
// that the linker keeps for the whole program, and must run everywhere.
#define FARM_WIDE \
  __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,vpclmulqdq,gfni,pclmul,sse4.2")))

namespace farm::checksum {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected: the lowest bit is that of x^31

constexpr std::uint32_t times_x(std::uint32_t a) {
  return a >> 1 ^ ((a & 1) != 0 ? kPolynomial : 0);
}

constexpr std::uint32_t product(std::uint32_t a, std::uint32_t b) {
  std::uint32_t sum = 0;
  for (; b != 0; b <<= 1, a = times_x(a)) {
    if ((b & 0x8000'0000) != 0) sum ^= a;
  }
  return sum;
}

// x^n modulo the polynomial, reflected.
constexpr std::uint32_t power_of_x(unsigned n) {
  std::uint32_t power = 0x8000'0000;
  for (std::uint32_t square = times_x(power); n != 0; n >>= 1, square = product(square, square)) {
    if ((n & 1) != 0) power = product(power, square);
  }
  return power;
}

// What the two halves of 16 bytes are multiplied by to move them `bytes` to the right. The lower
// half is that of the higher powers. Each product comes out shifted by 33 bits (64 of the half's
// place or none, 32 as the factor lies in the lower half of its own 64 bits, 1 as reflected
// products have 127 bits): the exponents and the shift by one make up for it.
struct Factors {
  std::uint64_t lower;
  std::uint64_t upper;
};
constexpr Factors factors(unsigned bytes) {
  return {std::uint64_t{power_of_x(bytes * 8 + 32)} << 1,
          std::uint64_t{power_of_x(bytes * 8 - 32)} << 1};
}

constexpr unsigned kVectorBytes = 64;

template <unsigned kBytes>
FARM_WIDE inline __m512i move_right(__m512i value) {
  constexpr Factors kFactors = factors(kBytes);
  constexpr auto kLower = static_cast<long long>(kFactors.lower);
  constexpr auto kUpper = static_cast<long long>(kFactors.upper);
  const __m512i by =
      _mm512_set_epi64(kUpper, kLower, kUpper, kLower, kUpper, kLower, kUpper, kLower);
  return _mm512_xor_si512(_mm512_clmulepi64_epi128(value, by, 0x00),
                          _mm512_clmulepi64_epi128(value, by, 0x11));
}

// kCount neighbouring vectors, so that as many products are under way at once.
template <std::size_t kCount>
struct Vectors {
  __m512i at[kCount];
};

// Goes on while kCount vectors are left, then with half as many.
template <std::size_t kCount>
FARM_WIDE inline __m512i fold(Vectors<kCount> vectors, const std::byte*& data, std::size_t& left) {
  constexpr unsigned kStep = kCount * kVectorBytes;
  while (left >= kStep) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kCount; ++i) {
      vectors.at[i] = _mm512_xor_si512(move_right<kStep>(vectors.at[i]),
                                       _mm512_loadu_si512(data + i * kVectorBytes));
    }
    data += kStep;
    left -= kStep;
  }
  if constexpr (kCount == 1) {
    return vectors.at[0];
  } else {
    Vectors<kCount / 2> half;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kCount / 2; ++i) {
      half.at[i] =
          _mm512_xor_si512(move_right<kStep / 2>(vectors.at[i]), vectors.at[i + kCount / 2]);
    }
    return fold<kCount / 2>(half, data, left);
  }
}

// The same without products, which these CPUs do but one in two cycles or so. Moving a vector to
// others further right is linear in its bits, and where the 32 bits that four of them have in one
// lane make up all remainders, each byte of the vector becomes four bytes, one in each, that depend
// on no other byte: four 8x8 matrices, of which GF2P8AFFINEQB applies one to 64 bytes, twice a
// cycle.
constexpr std::array<unsigned, 4> kTargets = {5, 6, 7, 8};  // how many vectors further right
constexpr unsigned kReach = 8;                              // the last of them

struct Matrices {
  std::array<std::uint64_t, kTargets.size()> of{};
  bool exist = true;
};

// Bit `bit` of a byte, `vectors` before the place where powers are counted from.
constexpr std::uint32_t bit_value(unsigned vectors, unsigned bit) {
  return power_of_x(vectors * kVectorBytes * 8 + 7 - bit);
}

// Solves the 32 equations by elimination.
constexpr Matrices solve() {
  struct Row {
    std::uint32_t value = 0;  // its highest bit is in no other row
    std::uint32_t parts = 0;  // which of the targets' bits it is the sum of
  };
  std::array<Row, 32> rows{};
  const auto reduce = [&rows](Row row) {
    for (unsigned i = 0; i < 32; ++i) {
      if ((row.value >> (31 - i) & 1) == 0) continue;
      row.value ^= rows[i].value;
      row.parts ^= rows[i].parts;
    }
    return row;
  };
  Matrices matrices;
  for (unsigned n = 0; n < 32; ++n) {
    const Row row = reduce({bit_value(kReach - kTargets[n / 8], n % 8), 1U << n});
    if (row.value == 0) {
      matrices.exist = false;
      return matrices;
    }
    rows[static_cast<unsigned>(std::countl_zero(row.value))] = row;
  }
  for (unsigned in = 0; in < 8; ++in) {
    const Row sum = reduce({bit_value(kReach, in), 0});
    for (unsigned n = 0; n < 32; ++n) {
      // The instruction takes the row of the result's bit i from byte 7 - i of the matrix.
      if ((sum.parts >> n & 1) != 0) matrices.of[n / 8] |= 1ULL << ((7 - n % 8) * 8 + in);
    }
  }
  return matrices;
}
constexpr Matrices kMatrices = solve();
static_assert(kMatrices.exist);

// While kReach vectors are left; `vectors` are those before `data`, with all that came before them.
FARM_WIDE inline void fold_far(Vectors<kReach>& vectors, const std::byte*& data,
                               std::size_t& left) {
  constexpr std::size_t kStep = kReach * kVectorBytes;
  while (left >= kStep) {
    Vectors<2 * kReach> all;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kReach; ++i) {
      all.at[i] = vectors.at[i];
      all.at[i + kReach] = _mm512_loadu_si512(data + i * kVectorBytes);
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kReach; ++i) {
#pragma GCC unroll 4
      for (std::size_t target = 0; target < kTargets.size(); ++target) {
        const __m512i by = _mm512_set1_epi64(static_cast<long long>(kMatrices.of[target]));
        __m512i& to = all.at[i + kTargets[target]];
        to = _mm512_xor_si512(to, _mm512_gf2p8affine_epi64_epi8(all.at[i], by, 0));
      }
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kReach; ++i) vectors.at[i] = all.at[i + kReach];
    data += kStep;
    left -= kStep;
  }
}

// Begins with as many vectors at once as there are bytes for, at least one.
template <std::size_t kCount>
FARM_WIDE inline __m512i fold_all(std::uint32_t state, const std::byte*& data, std::size_t& left) {
  if constexpr (kCount > 1) {
    if (left < kCount * kVectorBytes) return fold_all<kCount / 2>(state, data, left);
  }
  Vectors<kCount> vectors;
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) {
    vectors.at[i] = _mm512_loadu_si512(data + i * kVectorBytes);
  }
  // What came before is added to the first bytes.
  vectors.at[0] = _mm512_xor_si512(
      vectors.at[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(state))));
  data += kCount * kVectorBytes;
  left -= kCount * kVectorBytes;
  if constexpr (kCount == kReach) fold_far(vectors, data, left);
  return fold<kCount>(vectors, data, left);
}

// The four quarters of a vector, each moved to the place of the last.
FARM_WIDE inline __m128i fold_quarters(__m512i vector) {
  constexpr Factors kFirst = factors(48);
  constexpr Factors kSecond = factors(32);
  constexpr Factors kThird = factors(16);
  const __m512i by = _mm512_set_epi64(
      0, 0, static_cast<long long>(kThird.upper), static_cast<long long>(kThird.lower),
      static_cast<long long>(kSecond.upper), static_cast<long long>(kSecond.lower),
      static_cast<long long>(kFirst.upper), static_cast<long long>(kFirst.lower));
  const __m512i moved = _mm512_xor_si512(_mm512_clmulepi64_epi128(vector, by, 0x00),
                                         _mm512_clmulepi64_epi128(vector, by, 0x11));
  const __m256i pairs =
      _mm256_xor_si256(_mm512_castsi512_si256(moved), _mm512_extracti64x4_epi64(moved, 1));
  const __m128i three =
      _mm_xor_si128(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
  return _mm_xor_si128(three, _mm512_extracti32x4_epi32(vector, 3));
}

FARM_WIDE inline std::uint32_t update_bytewise(std::uint32_t state, const std::byte* data,
                                               std::size_t size) {
  std::uint64_t wide = state;
  for (; size >= 8; size -= 8, data += 8)
    wide = _mm_crc32_u64(wide, load_le<std::uint64_t>({data, 8}, 0));
  auto narrow = static_cast<std::uint32_t>(wide);
  if (size >= 4) {
    narrow = _mm_crc32_u32(narrow, load_le<std::uint32_t>({data, 4}, 0));
    size -= 4;
    data += 4;
  }
  for (; size > 0; --size, ++data)
    narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(*data));
  return narrow;
}

}  // namespace

bool wide_works_here() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("gfni") && __builtin_cpu_supports("vpclmulqdq") &&
         __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.2");
}

FARM_WIDE std::uint32_t update_wide(std::uint32_t state, ByteView bytes) {
  const std::byte* data = bytes.data();
  std::size_t left = bytes.size();
  if (left >= kVectorBytes) {
    const __m128i rest = fold_quarters(fold_all<8>(state, data, left));
    // The remainder of 16 bytes that nothing came before.
    const std::uint64_t lower =
        _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(rest)));
    state = static_cast<std::uint32_t>(
        _mm_crc32_u64(lower, static_cast<std::uint64_t>(_mm_extract_epi64(rest, 1))));
  }
  return update_bytewise(state, data, left);
}

}  // namespace farm::checksum

#else

namespace farm::checksum {

bool wide_works_here() { return false; }
std::uint32_t update_wide(std::uint32_t state, ByteView) { return state; }

}  // namespace farm::checksum

#endif
