#include "photo/secret.h"

#include <gtest/gtest.h>

#include <set>

namespace farm::photo {
namespace {

TEST(SecretTest, IsTwentyLowerCaseHexDigits) {
  const Secret secret = *Secret::parse("00112233445566778aff");
  EXPECT_EQ(secret.str(), "00112233445566778aff");
  for (const char* bad : {"", "0", "00112233445566778af", "00112233445566778aff0",
                          "00112233445566778AFF", "00112233445566778afg", " 0112233445566778aff"}) {
    EXPECT_FALSE(Secret::parse(bad)) << bad;
  }
}

TEST(SecretTest, MatchesItselfOnly) {
  const Secret secret = Secret::random();
  EXPECT_TRUE(secret.matches(*Secret::parse(secret.str())));
  for (std::size_t bit = 0; bit < Secret::kBytes * 8; ++bit) {
    Secret other = secret;
    other.bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(secret.matches(other)) << bit;
  }
}

TEST(SecretTest, IsNewEveryTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(Secret::random().str()).second);
}

}  // namespace
}  // namespace farm::photo
