#include "cache/key_hash.h"

#include <array>
#include <bit>

#include "base/bytes.h"
#include "base/digest.h"

namespace farm::cache {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  template <int kRounds>
  void take(std::uint64_t word) {
    v3 ^= word;
    for (int i = 0; i < kRounds; ++i) round();
    v0 ^= word;
  }
};

}  // namespace

HashSecret HashSecret::random() {
  std::array<std::byte, 16> bytes;
  random_bytes(bytes);
  return {load_le<std::uint64_t>(bytes, 0), load_le<std::uint64_t>(bytes, 8)};
}

template <int kRounds, int kLastRounds>
std::uint64_t sip_hash(const HashSecret& secret, std::string_view text) {
  // The constants of the paper, section 2.1: "somepseudorandomlygeneratedbytes".
  State state{secret.k0 ^ 0x736f6d6570736575U, secret.k1 ^ 0x646f72616e646f6dU,
              secret.k0 ^ 0x6c7967656e657261U, secret.k1 ^ 0x7465646279746573U};
  const ByteView bytes = as_bytes(text);
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    state.take<kRounds>(load_le<std::uint64_t>(bytes, at));
  }
  std::uint64_t last = static_cast<std::uint64_t>(bytes.size()) << 56;
  for (std::size_t i = 0; at + i < bytes.size(); ++i) {
    last |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
  }
  state.take<kRounds>(last);
  state.v2 ^= 0xff;
  for (int i = 0; i < kLastRounds; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

template std::uint64_t sip_hash<1, 3>(const HashSecret&, std::string_view);
template std::uint64_t sip_hash<2, 4>(const HashSecret&, std::string_view);

}  // namespace farm::cache
