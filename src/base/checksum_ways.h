// The ways to compute CRC32C, for checksum.cpp to choose from and for its test to compare. Others
// include base/checksum.h.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace farm::checksum {

// From the state before `bytes` to the state after them: the checksum without its complements.
using Update = std::uint32_t (*)(std::uint32_t state, ByteView bytes);

struct Way {
  const char* name;
  bool works_here;  // on this CPU
  Update update;
};

// The fastest first; the last one works everywhere.
std::span<const Way> ways();

// By 64-byte vectors of carry-less products: AVX-512 with VPCLMULQDQ, as in CPUs since 2019 or so.
bool wide_works_here();
std::uint32_t update_wide(std::uint32_t state, ByteView bytes);

}  // namespace farm::checksum
