#include "url/api_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace farm::url {
namespace {

TEST(ApiKeyTest, IsAPrefixAndFortyDigits) {
  const std::string key = make_api_key();
  EXPECT_EQ(key.size(), 43U);
  EXPECT_TRUE(key.starts_with("pf_"));
  EXPECT_EQ(key.find_first_not_of("0123456789abcdef", 3), std::string::npos) << key;
}

TEST(ApiKeyTest, IsNeverTheSameTwice) {
  std::set<std::string> keys;
  for (int i = 0; i < 1000; ++i) keys.insert(make_api_key());
  EXPECT_EQ(keys.size(), 1000U);
}

TEST(ApiKeyTest, HashIsTheSha256OfTheWholeKey) {
  const std::string key = make_api_key();
  ASSERT_TRUE(hash_api_key(key));
  EXPECT_EQ(*hash_api_key(key), sha256(as_bytes(key)));
}

TEST(ApiKeyTest, WhatDoesNotLookLikeAKeyHasNoHash) {
  const std::string digits(40, 'a');
  EXPECT_TRUE(hash_api_key("pf_" + digits));
  for (const std::string& bad :
       {std::string(), std::string("pf_"), digits, "PF_" + digits, "pf-" + digits,
        "pf_" + digits + "a", "pf_" + digits.substr(1), " pf_" + digits, "pf_" + digits + " ",
        "pf_" + std::string(40, 'A'), "pf_" + std::string(40, 'g'),
        "pf_" + std::string(39, 'a') + std::string(1, '\0')}) {
    EXPECT_FALSE(hash_api_key(bad)) << bad;
  }
}

}  // namespace
}  // namespace farm::url
