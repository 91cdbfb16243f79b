// SHA-256 (FIPS 180-4) and bytes from the operating system's random generator, by OpenSSL.
// Thread-safe.
#pragma once

#include <array>

#include "base/bytes.h"

namespace farm {

using Sha256 = std::array<std::byte, 32>;

Sha256 sha256(ByteView bytes);

// Fills `out` from the CSPRNG. Ends the process if the system has no randomness: going on would
// hand out guessable secrets.
void random_bytes(MutableByteView out);

// True if both are equal; takes the same time wherever they differ. Lengths are not secret.
bool equal_constant_time(ByteView a, ByteView b);

}  // namespace farm
