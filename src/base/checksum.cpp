#include "base/checksum.h"

#include <algorithm>

#include <isa-l/crc.h>

namespace farm {

std::uint32_t crc32c(ByteView bytes, std::uint32_t previous) {
  // ISA-L takes a non-const pointer (it only reads) and an int length.
  constexpr std::size_t kStep = 1U << 30;
  std::uint32_t state = ~previous;
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(bytes.size(), kStep));
    auto* data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(part.data()));
    state = crc32_iscsi(data, static_cast<int>(part.size()), state);
    bytes = bytes.subspan(part.size());
  }
  return ~state;
}

}  // namespace farm
