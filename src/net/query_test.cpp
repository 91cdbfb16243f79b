#include "net/query.h"

#include <gtest/gtest.h>

#include <string>

namespace farm::net {
namespace {

std::string value_of(std::string_view text, std::string_view name) {
  const auto query = Query::parse(text);
  if (!query) return "error: " + query.error().context;
  const auto value = query.value().find(name);
  return value ? std::string(*value) : "none";
}

TEST(Query, NamesAndValues) {
  EXPECT_EQ(value_of("a=1&b=2", "b"), "2");
  EXPECT_EQ(value_of("a=1&b=2", "c"), "none");
  EXPECT_EQ(value_of("", "a"), "none");
  EXPECT_EQ(value_of("a", "a"), "");
  EXPECT_EQ(value_of("a=", "a"), "");
  EXPECT_EQ(value_of("a=b=c", "a"), "b=c");
  EXPECT_EQ(value_of("&&a=1&", "a"), "1");
  EXPECT_EQ(value_of("=x", ""), "x");
  EXPECT_EQ(value_of("A=1&a=2", "a"), "2");
}

TEST(Query, EscapesAreDecoded) {
  EXPECT_EQ(value_of("a=%41%6a%6A+%2B", "a"), "Ajj +");
  EXPECT_EQ(value_of("%61=1", "a"), "1");
  EXPECT_EQ(value_of("a=%26%3D", "a"), "&=");
  EXPECT_EQ(value_of("a=%C3%A9", "a"), "\xC3\xA9");
  EXPECT_EQ(value_of("a=x%00y", "a"), std::string("x\0y", 3));
  EXPECT_EQ(value_of("a=%2541", "a"), "%41") << "only once";
}

TEST(Query, BrokenOnesAreRefused) {
  for (const std::string_view text :
       {"a=%", "a=%4", "a=%4g", "a=%g4", "%=1", "a=%-1", "a=1&a=2", "a=1&%61=2", "a&a", "a=% 4"}) {
    const auto query = Query::parse(text);
    ASSERT_FALSE(query) << text;
    EXPECT_EQ(query.error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(Query, HoldsThirtyTwoNames) {
  std::string text = "n0";
  for (int i = 1; i < 32; ++i) text += "&n" + std::to_string(i) + "=" + std::to_string(i);
  EXPECT_EQ(value_of(text, "n31"), "31");
  EXPECT_FALSE(Query::parse(text + "&n32=32"));
}

TEST(Query, NamesTheFirstThatIsUnknown) {
  const auto query = Query::parse("a=1&x=2&y=3");
  ASSERT_TRUE(query);
  EXPECT_EQ(query.value().unknown({"a", "b"}), "x");
  EXPECT_EQ(query.value().unknown({"a", "x", "y"}), std::nullopt);
}

TEST(Query, EncodingAndDecodingAreInverse) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  const std::string encoded = percent_encode(all);
  EXPECT_EQ(value_of("a=" + encoded, "a"), all);
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode(" /%\xff"), "%20%2F%25%FF");
}

}  // namespace
}  // namespace farm::net
