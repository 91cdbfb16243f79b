#include "cache/key_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace farm::cache {
namespace {

// Key bytes 00 to 0f and text bytes 00, 01, 02 …, as in the paper's appendix A.
constexpr HashSecret kPaperSecret{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

std::string counting(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(i);
  return text;
}

TEST(KeyHashTest, IsSipHash24OfThePaper) {
  EXPECT_EQ((sip_hash<2, 4>(kPaperSecret, counting(15))), 0xa129ca6149be45e5U);
  EXPECT_EQ((sip_hash<2, 4>(kPaperSecret, "")), 0x726fdb47dd0e0e31U);
}

TEST(KeyHashTest, DependsOnTheSecretAndOnEveryByte) {
  const std::string key = "GET\n/1/714859384938496_63c83a0c96d246de3def_m.jpg";
  const std::uint64_t hash = hash_key(kPaperSecret, key);
  EXPECT_NE(hash, hash_key({kPaperSecret.k0, kPaperSecret.k1 + 1}, key));
  EXPECT_NE(hash_key(HashSecret::random(), key), hash_key(HashSecret::random(), key));
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string other = key;
    other[i] ^= 1;
    EXPECT_NE(hash, hash_key(kPaperSecret, other)) << i;
  }
  EXPECT_NE(hash_key(kPaperSecret, counting(8)), hash_key(kPaperSecret, counting(8) + '\0'));
}

}  // namespace
}  // namespace farm::cache
