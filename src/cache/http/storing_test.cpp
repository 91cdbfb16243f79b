#include "cache/http/storing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm::cache {
namespace {

using net::Method;
constexpr const char* kDate = "Tue, 22 Nov 2022 11:00:00 GMT";
using List = std::vector<net::HeaderView>;

struct StoreCase {
  const char* section;
  List request;
  List response;
  int status;
  Storability storability;
};

TEST(StoringTest, ASharedCacheStoresWhatItMay) {
  const List none;
  const List authorized = {{"Authorization", "Basic xyz"}};
  const StoreCase kCases[] = {
      {"3 max-age", none, {{"Cache-Control", "max-age=1"}}, 200, Storability::kYes},
      {"3 s-maxage", none, {{"Cache-Control", "s-maxage=1"}}, 500, Storability::kYes},
      {"3 Expires", none, {{"Expires", kDate}}, 200, Storability::kYes},
      {"4.2.1 stale from the first, and nothing to validate by",
       none,
       {{"Expires", "0"}},
       200,
       Storability::kNoFreshness},
      {"4.2.1 the same", none, {{"Cache-Control", "max-age=0"}}, 200, Storability::kNoFreshness},
      {"5.2.2.4 the same by no-cache",
       none,
       {{"Cache-Control", "no-cache, max-age=9, stale-if-error=9"}},
       200,
       Storability::kNoFreshness},
      {"4.3 stale, with a validator",
       none,
       {{"Cache-Control", "no-cache, max-age=0"}, {"Last-Modified", kDate}},
       200,
       Storability::kYes},
      {"RFC 5861, 4 stale, but allowed so",
       none,
       {{"Cache-Control", "max-age=0, stale-if-error=9"}},
       503,
       Storability::kYes},
      {"RFC 9213, 2.2 Expires does not count beside the targeted field",
       none,
       {{"CDN-Cache-Control", "must-revalidate"}, {"Expires", kDate}},
       200,
       Storability::kNoFreshness},
      {"RFC 9213, 2.2 private in the targeted field",
       none,
       {{"Cache-Control", "max-age=1"}, {"CDN-Cache-Control", "private"}},
       200,
       Storability::kPrivate},
      {"RFC 6585, 4", none, {{"Cache-Control", "max-age=1"}}, 429, Storability::kStatus},
      {"RFC 9110, 15.5.17", none, {{"Cache-Control", "max-age=1"}}, 416, Storability::kStatus},
      {"RFC 9110, 15.5.13", none, {{"Cache-Control", "max-age=1"}}, 412, Storability::kStatus},
      {"5.2.2.4 no-cache with a validator",
       none,
       {{"Cache-Control", "no-cache"}, {"ETag", "\"a\""}},
       200,
       Storability::kYes},
      {"4.2.2 neither headers nor validator", none, {}, 200, Storability::kNoFreshness},
      {"4.2.2 public alone", none, {{"Cache-Control", "public"}}, 200, Storability::kNoFreshness},
      {"4.3 a validator is enough", none, {{"ETag", "\"a\""}}, 200, Storability::kYes},
      {"3 but not for any status", none, {{"ETag", "\"a\""}}, 302, Storability::kNoFreshness},
      {"3 a redirect that says so", none, {{"Cache-Control", "max-age=1"}}, 302, Storability::kYes},
      {"3 final only", none, {{"Cache-Control", "max-age=1"}}, 103, Storability::kStatus},
      {"3.3 partial", none, {{"Cache-Control", "max-age=1"}}, 206, Storability::kStatus},
      {"5.2.2.5 no-store",
       none,
       {{"Cache-Control", "no-store, max-age=1"}},
       200,
       Storability::kNoStore},
      {"5.2.1.5 no-store of the request",
       {{"Cache-Control", "no-store"}},
       {{"Cache-Control", "max-age=1"}},
       200,
       Storability::kNoStore},
      {"5.2.2.7 private",
       none,
       {{"Cache-Control", "private, max-age=1"}},
       200,
       Storability::kPrivate},
      {"5.2.2.7 private, in its other form",
       none,
       {{"Cache-Control", "private=\"x-user\", max-age=1"}},
       200,
       Storability::kPrivate},
      {"5.2.2.3 must-understand, understood",
       none,
       {{"Cache-Control", "must-understand, no-store, max-age=1"}},
       200,
       Storability::kYes},
      {"5.2.2.3 must-understand, not understood",
       none,
       {{"Cache-Control", "must-understand, no-store, max-age=1"}},
       599,
       Storability::kStatus},
      {"3.5 Authorization",
       authorized,
       {{"Cache-Control", "max-age=1"}},
       200,
       Storability::kAuthorization},
      {"3.5 public", authorized, {{"Cache-Control", "public, max-age=1"}}, 200, Storability::kYes},
      {"3.5 s-maxage", authorized, {{"Cache-Control", "s-maxage=1"}}, 200, Storability::kYes},
      {"3.5 must-revalidate",
       authorized,
       {{"Cache-Control", "must-revalidate, max-age=1"}},
       200,
       Storability::kYes},
      {"7.3 Set-Cookie",
       none,
       {{"Cache-Control", "public, max-age=1"}, {"Set-Cookie", "a=b"}},
       200,
       Storability::kSetCookie},
      {"4.1 Vary: *",
       none,
       {{"Cache-Control", "max-age=1"}, {"Vary", "accept, *"}},
       200,
       Storability::kVaryStar},
      {"RFC 9213, 2.2 the targeted field forbids",
       none,
       {{"Cache-Control", "max-age=1"}, {"CDN-Cache-Control", "no-store"}},
       200,
       Storability::kNoStore},
      {"RFC 9213, 2.2 the targeted field allows",
       none,
       {{"Cache-Control", "no-store"}, {"CDN-Cache-Control", "max-age=1"}},
       200,
       Storability::kYes},
  };
  for (const StoreCase& one : kCases) {
    EXPECT_EQ(storability(Method::kGet, one.request, one.status, one.response), one.storability)
        << one.section;
  }
  EXPECT_EQ(storability(Method::kPost, none, 200, List{{"Cache-Control", "max-age=1"}}),
            Storability::kMethod);
}

TEST(StoringTest, VariantsMatchByNormalizedValues) {
  const auto key = [](const char* vary, const List& request) {
    return vary_key(List{{"Vary", vary}}, request);
  };
  EXPECT_EQ(vary_key({}, {}), "");
  EXPECT_EQ(key("*", {}), std::nullopt);
  const List plain = {{"Accept", "image/webp, */*"}, {"Accept-Encoding", "gzip"}};
  const auto base = key("Accept, Accept-Encoding", plain);
  EXPECT_EQ(key("accept-encoding,ACCEPT, accept", plain), base);  // names in any order and case
  EXPECT_EQ(key("Accept, Accept-Encoding",
                {{"Accept-Encoding", " gzip "}, {"accept", "image/webp, \t */*"}, {"X", "y"}}),
            base);
  EXPECT_NE(key("Accept, Accept-Encoding", {{"Accept", "image/webp, */*"}}), base);
  EXPECT_NE(key("Accept", {{"Accept", ""}}), key("Accept", {}));
  EXPECT_EQ(key("Accept", {{"Accept", "a"}, {"Accept", "b"}}), key("Accept", {{"Accept", "a,b"}}));
  // No value can be taken for another name's.
  EXPECT_NE(key("a, b", {{"a", "1"}, {"b", "2"}}), key("a, b", {{"a", "2"}, {"b", "1"}}));
}

TEST(StoringTest, HopByHopFieldsAreNotKept) {
  const List response = {{"Connection", "close, X-Hop"}, {"X-Hop", "1"}};
  for (const char* name : {"connection", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade",
                           "x-hop", "Proxy-Connection", "Proxy-Authenticate", "Trailer"}) {
    EXPECT_FALSE(is_stored_field(name, response)) << name;
  }
  for (const char* name : {"ETag", "Content-Type", "Vary", "Hop"}) {
    EXPECT_TRUE(is_stored_field(name, response)) << name;
  }
}

TEST(StoringTest, AValidationBringsNewFields) {
  const List stored = {{"Date", "old"},         {"ETag", "\"a\""}, {"Content-Type", "image/jpeg"},
                       {"Content-Length", "5"}, {"X-Kept", "1"},   {"X-Two", "a"},
                       {"X-Two", "b"}};
  const List validated = {
      {"date", "new"}, {"Content-Type", "text/html"}, {"Content-Length", "0"}, {"X-Two", "c"},
      {"X-New", "n"},  {"Connection", "X-Kept"},      {"X-Kept", "2"}};
  std::string text;
  for (const HeaderField& field : merge_validated(stored, validated)) {
    text += field.name + "=" + field.value + ";";
  }
  EXPECT_EQ(
      text,
      "ETag=\"a\";Content-Type=image/jpeg;Content-Length=5;X-Kept=1;date=new;X-Two=c;X-New=n;");
}

TEST(StoringTest, AValidationSharesNobodysCookieAndKeepsNoOldMessage) {
  // Sections 3.2 and 7.3; RFC 9110 section 6.6.1, RFC 9211 section 2.
  const List stored = {{"Age", "50"},
                       {"Date", "old"},
                       {"Via", "1.1 a"},
                       {"Cache-Status", "a; hit"},
                       {"ETag", "\"a\""}};
  std::string text;
  for (const HeaderField& field :
       merge_validated(stored, List{{"Set-Cookie", "a=b"}, {"Via", "1.1 b"}})) {
    text += field.name + "=" + field.value + ";";
  }
  EXPECT_EQ(text, "ETag=\"a\";Via=1.1 b;");
}

TEST(StoringTest, A304IsAboutTheResponseThatItNames) {
  // Section 4.3.4.
  const List stored = {{"ETag", "\"a\""}, {"Last-Modified", kDate}};
  EXPECT_TRUE(is_validated_by(stored, {}));
  EXPECT_TRUE(is_validated_by(stored, List{{"ETag", "\"a\""}}));
  EXPECT_TRUE(is_validated_by(stored, List{{"ETag", "W/\"a\""}}));
  EXPECT_TRUE(is_validated_by(stored, List{{"Last-Modified", kDate}}));
  EXPECT_FALSE(is_validated_by(stored, List{{"ETag", "\"b\""}}));
  EXPECT_FALSE(is_validated_by(stored, List{{"ETag", "W/\"b\""}}));
  EXPECT_FALSE(is_validated_by(stored, List{{"Last-Modified", "Tue, 22 Nov 2022 11:00:01 GMT"}}));
  EXPECT_FALSE(is_validated_by(List{{"ETag", "W/\"a\""}}, List{{"ETag", "\"a\""}}));
  EXPECT_FALSE(is_validated_by({}, List{{"ETag", "\"a\""}}));
}

struct TargetCase {
  const char* reference;
  const char* target;  // empty: none
};

TEST(StoringTest, LocationsOfTheSameOriginAreInvalidated) {
  // Section 4.4; RFC 3986 section 5.4 for the references.
  const TargetCase kCases[] = {
      {"/new", "/new"},
      {"/new?x=1#part", "/new?x=1"},
      {"http://a.test/new", "/new"},
      {"HTTP://A.TEST:80/new", "/new"},
      {"//a.test/new", "/new"},
      {"http://a.test", "/"},
      {"http://a.test?y", "/?y"},
      {"http://a.test:8080/new", ""},
      {"https://a.test/new", ""},
      {"http://b.test/new", ""},
      {"//b.test/new", ""},
      {"http://a.test.evil/new", ""},
      {"http://a.test@b.test/new", ""},
      {"mailto:a@a.test", ""},
      {"g", "/b/c/g"},
      {"./g", "/b/c/g"},
      {"g/", "/b/c/g/"},
      {"?y", "/b/c/d?y"},
      {"", ""},
      {"#s", ""},  // the request's own target
      {"..", "/b/"},
      {"../g", "/b/g"},
      {"../../g", "/g"},
      {"../../../g", "/g"},
      {".", "/b/c/"},
      {"g;x=1/../y", "/b/c/y"},
      {"g?y/../x", "/b/c/g?y/../x"},
      {"/./g", "/g"},
      {"/b/../g", "/g"},
  };
  for (const TargetCase& one : kCases) {
    const List response = {{"Location", one.reference}};
    const auto targets = invalidated_targets("http", "a.test", "/b/c/d?q", response);
    EXPECT_EQ(targets.empty() ? "" : targets.front(), one.target) << one.reference;
  }
  EXPECT_THAT(
      invalidated_targets("http", "a.test:8080", "/a",
                          List{{"content-location", "/x"}, {"Location", "http://a.test:8080/y"}}),
      ::testing::ElementsAre("/y", "/x"));
  EXPECT_THAT(invalidated_targets("http", "a", "*", List{{"Location", "x"}}),
              ::testing::ElementsAre("/x"));
}

TEST(StoringTest, UnsafeMethodsInvalidate) {
  EXPECT_TRUE(invalidates(Method::kPut, 204));  // section 4.4
  EXPECT_TRUE(invalidates(Method::kPost, 303));
  EXPECT_TRUE(invalidates(Method::kDelete, 200));
  EXPECT_TRUE(invalidates(Method::kOther, 200));
  EXPECT_FALSE(invalidates(Method::kDelete, 404));
  EXPECT_FALSE(invalidates(Method::kPost, 500));
  EXPECT_FALSE(invalidates(Method::kGet, 200));
  EXPECT_FALSE(invalidates(Method::kHead, 200));
}

}  // namespace
}  // namespace farm::cache
