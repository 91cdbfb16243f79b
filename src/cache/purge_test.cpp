#include "cache/purge.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "cache/memory_tier.h"

namespace farm::cache {
namespace {

using Kind = Purge::Kind;
using enum PurgeVerdict;

std::vector<std::string> values(Kind kind, std::string_view text) {
  std::vector<std::string> found;
  const std::vector<Purge> purges = parse_purge(kind, text, false).value();
  for (const Purge& purge : purges) found.push_back(purge.value);
  return found;
}

TEST(PurgeTest, TakesWhatPeopleWrite) {
  using Values = std::vector<std::string>;
  EXPECT_EQ(values(Kind::kPath, "/a.jpg?x=1"), Values{"/a.jpg?x=1"});
  EXPECT_EQ(values(Kind::kPath, "//img.example/a"), Values{"//img.example/a"});
  EXPECT_EQ(values(Kind::kPath, "http://Img.Example/A"), (Values{"//img.example/A", "///A"}));
  EXPECT_EQ(values(Kind::kPath, "http://h:80/"), (Values{"//h/", "///"}));
  EXPECT_EQ(values(Kind::kPrefix, "https://h:443"), (Values{"//h/", "///"}));
  EXPECT_EQ(values(Kind::kPrefix, "https://h:80?q"), (Values{"//h:80/?q", "///?q"}));
  EXPECT_EQ(values(Kind::kTag, "p123"), Values{"p123"});
  EXPECT_EQ(values(Kind::kTag, "http://x"), Values{"http://x"});
}

TEST(PurgeTest, RefusesTheRest) {
  for (const char* text :
       {"", "a.jpg", "*", "/a b", "/a\nb", "http://", "http:///a", "/\xff", "http://u@h/a"}) {
    const auto purge = parse_purge(Kind::kPath, text, false);
    ASSERT_FALSE(purge) << text;
    EXPECT_EQ(purge.error().code, ErrorCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(parse_purge(Kind::kTag, "a,b", false));
  EXPECT_FALSE(parse_purge(Kind::kTag, "", false));
  const std::string long_path = "/" + std::string(kMaxPurgeBytes, 'a');
  EXPECT_EQ(parse_purge(Kind::kPath, long_path, false).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(parse_purge(Kind::kPath, long_path.substr(1).replace(0, 1, "/"), false));
  EXPECT_EQ(parse_purge(Kind::kTag, std::string(kMaxTagBytes + 1, 'a'), false).error().code,
            ErrorCode::kTooLarge);
}

// What one purge means.
PurgeVerdict means(const Purge& purge, std::string_view key, std::string_view tags = {}) {
  PurgeSet set;
  set.add(purge, 1);
  return set.judge(key, tags, 0);
}

TEST(PurgeSetTest, APathIsExactWithAllItsVariants) {
  const Purge path{Kind::kPath, "/a.jpg"};
  EXPECT_EQ(means(path, "/a.jpg"), kGone);
  EXPECT_EQ(means(path, "/a.jpg\nen"), kGone);
  EXPECT_EQ(means(path, "img.example/a.jpg"), kGone);
  EXPECT_EQ(means(path, "img.example/a.jpg\nen"), kGone);
  for (const char* other : {"/a.jpg?x", "/a.jp", "/a.jpgg", "/b/a.jpg", "/x\n/a.jpg"}) {
    EXPECT_EQ(means(path, other), kGood) << other;
  }
}

TEST(PurgeSetTest, AHostNarrowsIt) {
  const Purge path{Kind::kPath, "//h/a"};
  EXPECT_EQ(means(path, "h/a"), kGone);
  EXPECT_EQ(means(path, "h/a\nv"), kGone);
  EXPECT_EQ(means(path, "other/a"), kGood);
  EXPECT_EQ(means(path, "/a"), kGood);
  EXPECT_EQ(means({Kind::kPath, "///a"}, "/a"), kGone);
  EXPECT_EQ(means({Kind::kPath, "///a"}, "h/a"), kGood);
  EXPECT_EQ(means({Kind::kPrefix, "//h/a"}, "h/ab"), kGone);
  EXPECT_EQ(means({Kind::kPrefix, "//h/a"}, "hh/ab"), kGood);
}

TEST(PurgeSetTest, APrefixIsOfTheTarget) {
  EXPECT_EQ(means({Kind::kPrefix, "/a/"}, "/a/b?c"), kGone);
  EXPECT_EQ(means({Kind::kPrefix, "/a/"}, "h/a/b"), kGone);
  EXPECT_EQ(means({Kind::kPrefix, "/a/"}, "/a"), kGood);
  EXPECT_EQ(means({Kind::kPrefix, "/a/"}, "/b/a/"), kGood);
  EXPECT_EQ(means({Kind::kPrefix, "/"}, "h/anything"), kGone);
  EXPECT_EQ(means({Kind::kPrefix, "/a\n"}, "/a\nv"), kGood) << "variants are not part of it";
}

TEST(PurgeSetTest, ATagIsOneOfTheObjects) {
  const Purge tag{Kind::kTag, "p1"};
  EXPECT_EQ(means(tag, "/x", "p1"), kGone);
  EXPECT_EQ(means(tag, "/x", "a p1 b"), kGone);
  EXPECT_EQ(means(tag, "/p1", "p12 ap1"), kGood);
  EXPECT_EQ(means(tag, "/x", ""), kGood);
}

TEST(PurgeSetTest, TheHardestOfThoseSinceCounts) {
  PurgeSet set;
  const Purge hard{Kind::kTag, "t", false};
  const Purge soft{Kind::kTag, "t", true};
  EXPECT_EQ(set.add(soft, 1).same, 0U);
  EXPECT_EQ(set.judge("/x", "t", 0), kStale);
  EXPECT_EQ(set.judge("/x", "t", 1), kGood);
  const PurgeSet::Superseded gone = set.add(hard, 2);
  EXPECT_EQ(gone.softer, 1U);
  EXPECT_EQ(set.add(soft, 3).softer, 0U);
  EXPECT_EQ(set.judge("/x", "t", 1), kGone);
  EXPECT_EQ(set.judge("/x", "t", 2), kStale);
  EXPECT_EQ(set.judge("/x", "t", 3), kGood);
  EXPECT_EQ(set.add(hard, 4).same, 2U);
  set.remove(hard);
  EXPECT_EQ(set.judge("/x", "t", 0), kGood);
}

// A naive reading of purge.h.
bool naive_means(const Purge& purge, std::string_view key, std::string_view tags) {
  if (purge.kind == Kind::kTag) {
    return (" " + std::string(tags) + " ").find(" " + purge.value + " ") != std::string::npos;
  }
  const std::string whole(key.substr(0, key.find('\n')));
  const std::string target = whole.substr(std::min(whole.find('/'), whole.size()));
  const std::array<std::string, 2> names = {target, "//" + whole};
  for (const std::string& text : names) {
    if (purge.kind == Kind::kPath ? text == purge.value : text.starts_with(purge.value))
      return true;
  }
  return false;
}

class SmallWords {
 public:
  explicit SmallWords(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::string word(std::size_t most) {
    std::string text;
    for (std::size_t i = below(most + 1); i > 0; --i) text += "ab/"[below(3)];
    return text;
  }
  Purge purge() {
    const bool soft = below(3) == 0;
    if (below(3) == 0) return {Kind::kTag, "t" + std::to_string(below(4)), soft};
    const char* begin = below(3) == 0 ? "//" : "/";
    return {below(2) == 0 ? Kind::kPath : Kind::kPrefix, begin + word(5), soft};
  }
  std::string key() {
    return (below(2) == 0 ? "" : word(2)) + "/" + word(5) + (below(4) == 0 ? "\nv" : "");
  }
  std::string tags() {
    std::string text;
    for (std::size_t i = below(3); i > 0; --i) {
      text += (text.empty() ? "t" : " t") + std::to_string(below(5));
    }
    return text;
  }

 private:
  std::mt19937_64 random_;
};

TEST(PurgeSetTest, AgreesWithANaiveOne) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SmallWords words(seed);
    std::vector<Purge> purges;
    for (std::size_t i = 0; i < 1 + seed % 40; ++i) purges.push_back(words.purge());
    PurgeSet set;
    for (std::size_t i = 0; i < purges.size(); ++i) set.add(purges[i], i + 1);
    for (int i = 0; i < 300; ++i) {
      const std::string key = words.key();
      const std::string tags = words.tags();
      const std::uint64_t since = words.below(purges.size() + 1);
      PurgeVerdict expected = kGood;
      for (std::size_t at = since; at < purges.size(); ++at) {
        if (!naive_means(purges[at], key, tags)) continue;
        expected = std::max(expected, purges[at].soft ? kStale : kGone);
      }
      ASSERT_EQ(set.judge(key, tags, since), expected) << seed << " " << key << " [" << tags << "]";
    }
  }
}

MemoryTier small_tier() {
  return MemoryTier({.capacity_bytes = 1 << 20, .shards = 4, .secret = {1, 2}});
}

void put(MemoryTier& tier, std::string_view key, std::string_view tags) {
  tier.insert(ObjectDraft({.key = key, .tags = tags, .head = "head", .body = as_bytes("body")}));
}

TEST(PurgeMemoryTest, TakesOutWhatIsMeant) {
  for (const bool soft : {false, true}) {
    MemoryTier tier = small_tier();
    put(tier, "/a", "p1");
    put(tier, "/a\nv", "p1");
    put(tier, "h/a", "p12");
    put(tier, "/b", "x p1");
    const auto is_hit = [&](std::string_view key) {
      const ObjectRef object = tier.find(key);
      return object ? soft && object->expired() : !soft;
    };
    const Purge path{Kind::kPath, "/a", soft};
    EXPECT_EQ(purge_memory({&path, 1}, tier), 3U);
    EXPECT_TRUE(is_hit("/a") && is_hit("/a\nv") && is_hit("h/a"));
    EXPECT_FALSE(is_hit("/b"));
    const Purge tag{Kind::kTag, "p1", soft};
    EXPECT_EQ(purge_memory({&tag, 1}, tier), 1U) << "those that are stale already do not count";
    EXPECT_TRUE(is_hit("/b"));
    EXPECT_EQ(purge_memory({&tag, 1}, tier), 0U);
  }
}

TEST(PurgeMemoryTest, ManyAtOnceAreOnePass) {
  MemoryTier tier = small_tier();
  std::vector<Purge> purges = {{Kind::kPrefix, "/even/", true}};
  for (int i = 0; i < 100; ++i) {
    put(tier, (i % 2 == 0 ? "/even/" : "/odd/") + std::to_string(i), "p" + std::to_string(i));
    if (i < 10) purges.push_back({Kind::kTag, "p" + std::to_string(i)});
  }
  EXPECT_EQ(purge_memory(purges, tier), 5U + 50U);
  EXPECT_FALSE(tier.find("/even/0"));
  EXPECT_FALSE(tier.find("/odd/9"));
  EXPECT_TRUE(tier.find("/even/10")->expired());
  EXPECT_FALSE(tier.find("/odd/11")->expired());
}

}  // namespace
}  // namespace farm::cache
