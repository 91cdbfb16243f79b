// The hash of a cache key, keyed by a secret, so that a stranger who chooses URLs cannot aim them
// at one place of the index: SipHash-1-3 (Aumasson, Bernstein, "SipHash: a fast short-input PRF",
// INDOCRYPT 2012; one round a word and three at the end, as for hash tables in Rust and Python).
// Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace farm::cache {

struct HashSecret {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;

  static HashSecret random();  // from the system's generator
  bool operator==(const HashSecret&) const = default;
};

// `rounds` a word of 8 bytes, `last_rounds` at the end. Defined for 1,3 and for 2,4, whose
// published vectors the tests know.
template <int kRounds, int kLastRounds>
std::uint64_t sip_hash(const HashSecret& secret, std::string_view text);

inline std::uint64_t hash_key(const HashSecret& secret, std::string_view key) {
  return sip_hash<1, 3>(secret, key);
}

}  // namespace farm::cache
