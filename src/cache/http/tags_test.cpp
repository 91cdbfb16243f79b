#include "cache/http/tags.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace farm::cache {
namespace {

using List = std::vector<net::HeaderView>;

TEST(TagsTest, AreOfAllLinesAndOnceEach) {
  EXPECT_EQ(cache_tags({}), "");
  EXPECT_EQ(cache_tags(List{{"Cache-Tag", "p123"}}), "p123");
  EXPECT_EQ(cache_tags(List{{"cache-tag", "p1, album7,p1  x\ty,,"}, {"Cache-Tag", "z x"}}),
            "p1 album7 x y z");
  EXPECT_EQ(cache_tags(List{{"Cache-Tags", "a"}, {"X", "b"}}), "");
}

TEST(TagsTest, AreBounded) {
  const std::string longest(kMaxTagBytes, 'l');
  EXPECT_EQ(cache_tags(List{{"Cache-Tag", longest}}), longest);
  const std::string longer = longest + "l, b";
  EXPECT_EQ(cache_tags(List{{"Cache-Tag", longer}}), "b");
  EXPECT_EQ(cache_tags(List{{"Cache-Tag", "a\x01, b\xc3\xa4, c"}}), "c");
  std::string many;
  for (std::size_t n = 0; n < 2 * kMaxTags; ++n) many += "t" + std::to_string(n) + ",";
  const std::string kept = cache_tags(List{{"Cache-Tag", many}});
  EXPECT_EQ(std::ranges::count(kept, ' '), static_cast<std::ptrdiff_t>(kMaxTags - 1));
  EXPECT_TRUE(kept.ends_with(" t63"));
}

}  // namespace
}  // namespace farm::cache
