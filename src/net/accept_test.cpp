#include "net/accept.h"

#include <gtest/gtest.h>

#include <vector>

namespace farm::net {
namespace {

bool accepts(std::vector<std::string_view> lines, std::string_view type = "image/webp") {
  std::vector<HeaderView> headers = {{"Host", "image/webp"}};
  for (const std::string_view line : lines) headers.push_back({"accept", line});
  RequestHead request;
  request.headers = headers;
  return accepts_by_name(request, type);
}

TEST(AcceptTest, NamesTheType) {
  EXPECT_TRUE(accepts({"image/webp"}));
  EXPECT_TRUE(accepts({"IMAGE/WebP"}));
  EXPECT_TRUE(accepts({"image/avif,image/webp,image/apng,*/*;q=0.8"}));
  EXPECT_TRUE(accepts({"image/avif ,\timage/webp ; q=0.5"}));
  EXPECT_TRUE(accepts({"image/png", "image/webp"})) << "a list may come in several lines";
  EXPECT_TRUE(accepts({"image/webp;q=0.001"}));
  EXPECT_TRUE(accepts({"image/webp;level=0"}));
}

TEST(AcceptTest, DoesNotNameIt) {
  EXPECT_FALSE(accepts({}));
  EXPECT_FALSE(accepts({""}));
  EXPECT_FALSE(accepts({"*/*"})) << "who takes anything has not said that it can show this";
  EXPECT_FALSE(accepts({"image/*"}));
  EXPECT_FALSE(accepts({"image/webpx, ximage/webp"}));
  EXPECT_FALSE(accepts({"image/avif"}));
  EXPECT_FALSE(accepts({",;,;q=1,"}));
}

TEST(AcceptTest, RefusesIt) {
  EXPECT_FALSE(accepts({"image/webp;q=0"}));
  EXPECT_FALSE(accepts({"image/webp;Q=0.000"}));
  EXPECT_FALSE(accepts({"image/webp ; level=1 ; q = 0"}));
}

}  // namespace
}  // namespace farm::net
