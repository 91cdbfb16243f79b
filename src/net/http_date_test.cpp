#include "net/http_date.h"

#include <gtest/gtest.h>

namespace farm::net {
namespace {

constexpr Millis kExample = 784'111'777'000;  // of RFC 9110 section 5.6.7

TEST(HttpDate, IsWrittenAsImfFixdate) {
  EXPECT_EQ(format_http_date(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(kExample + 999), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_http_date(1'709'164'800'000), "Thu, 29 Feb 2024 00:00:00 GMT");
  EXPECT_EQ(format_http_date(253'402'300'799'000), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(HttpDate, AllThreeFormsAreRead) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kExample);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), kExample);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), kExample);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994"), kExample + 10LL * 86'400'000);
}

TEST(HttpDate, TwoDigitYearsLieAroundTheMillennium) {
  EXPECT_EQ(parse_http_date("Thursday, 01-Jan-70 00:00:00 GMT"), 0);
  EXPECT_EQ(parse_http_date("Saturday, 01-Jan-00 00:00:00 GMT"), 946'684'800'000);
}

TEST(HttpDate, WhatIsWrittenIsRead) {
  for (Millis ms = 0; ms < 4'102'444'800'000; ms += 86'400'000LL * 13 + 12'345'000) {
    const Millis seconds = ms / 1000 * 1000;
    ASSERT_EQ(parse_http_date(format_http_date(ms)), seconds);
  }
}

TEST(HttpDate, ALeapSecondIsADate) {
  EXPECT_TRUE(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT"));
}

TEST(HttpDate, EverythingElseIsNone) {
  for (const std::string_view text :
       {"",
        "now",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT",
        "Sun, 06  Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 GMT",
        "Sonntag, 06-Nov-94 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Tue, 29 Feb 2023 08:49:37 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994 GMT",
        "784111777",
        ",",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

TEST(HttpDate, ADateCutShortIsNone) {
  for (const std::string_view whole :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994"}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(parse_http_date(whole.substr(0, size)), std::nullopt) << whole.substr(0, size);
    }
  }
}

}  // namespace
}  // namespace farm::net
