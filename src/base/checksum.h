// CRC32C (Castagnoli, RFC 3720 appendix B.4): reflected, initial and final complement, so that
// crc32c("123456789") == 0xe3069283. Thread-safe.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace farm {

// The checksum of `bytes`, or of what `previous` is the checksum of followed by `bytes`.
std::uint32_t crc32c(ByteView bytes, std::uint32_t previous = 0);

// The same of bytes that hold their own checksum: the four bytes at `place` count as zeros.
std::uint32_t crc32c_around(ByteView bytes, std::size_t place, std::uint32_t previous = 0);

}  // namespace farm
