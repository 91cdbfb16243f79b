#include "base/checksum.h"

#include <algorithm>
#include <array>

#include <isa-l/crc.h>

#include "base/checksum_ways.h"

namespace farm {
namespace checksum {
namespace {

// Chooses by itself what suits the CPU, from SSE4.2 and carry-less products down to a table.
std::uint32_t update_isal(std::uint32_t state, ByteView bytes) {
  // ISA-L takes a non-const pointer (it only reads) and an int length.
  constexpr std::size_t kStep = 1U << 30;
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(bytes.size(), kStep));
    auto* data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(part.data()));
    state = crc32_iscsi(data, static_cast<int>(part.size()), state);
    bytes = bytes.subspan(part.size());
  }
  return state;
}

}  // namespace

std::span<const Way> ways() {
  static const std::array all = {
      Way{"wide", wide_works_here(), update_wide},
      Way{"ISA-L", true, update_isal},
  };
  return all;
}

}  // namespace checksum

std::uint32_t crc32c(ByteView bytes, std::uint32_t previous) {
  static const checksum::Update update =
      std::ranges::find_if(checksum::ways(), &checksum::Way::works_here)->update;
  return ~update(~previous, bytes);
}

std::uint32_t crc32c_around(ByteView bytes, std::size_t place, std::uint32_t previous) {
  constexpr std::array<std::byte, 4> kZeros{};
  const std::uint32_t before = crc32c(kZeros, crc32c(bytes.first(place), previous));
  return crc32c(bytes.subspan(place + kZeros.size()), before);
}

}  // namespace farm
