#include "config/quantity.h"

#include <gtest/gtest.h>

#include <array>

#include "config/document.h"
#include "config/words.h"

namespace farm::config {
namespace {

using namespace std::chrono_literals;

TEST(ParseSize, KnowsItsUnits) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("0B"), 0U);
  EXPECT_EQ(parse_size("512B"), 512U);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("100 MiB"), 104857600U);
  EXPECT_EQ(parse_size("2GiB"), 2147483648U);
  EXPECT_EQ(parse_size("1TiB"), 1099511627776U);
  EXPECT_EQ(parse_size("1kB"), 1000U);
  EXPECT_EQ(parse_size("2MB"), 2000000U);
  EXPECT_EQ(parse_size("3GB"), 3000000000U);
  EXPECT_EQ(parse_size("4TB"), 4000000000000U);
}

TEST(ParseSize, IsExactUpToItsBound) {
  EXPECT_EQ(parse_size("9223372036854775807B"), 9223372036854775807U);
  EXPECT_EQ(parse_size("9007199254740993B"), 9007199254740993U);  // no double holds it
  EXPECT_EQ(parse_size("8388607TiB"), 8388607ULL << 40);
  EXPECT_FALSE(parse_size("8388608TiB"));
  EXPECT_FALSE(parse_size("9223372036854775808B"));
  EXPECT_FALSE(parse_size("99999999999999999999999999KiB"));
}

TEST(ParseSize, RefusesAllElse) {
  for (const char* bad :
       {"",       " ",     "1",       "00",      "01KiB", "-1KiB", "+1KiB", "1.5GiB",  "1,5GiB",
        "1e3B",   "0x10B", "KiB",     "64K",     "64KB",  "64kib", "64KIB", "64  KiB", " 64KiB",
        "64KiB ", "64 ",   "64KiB\n", "64\tKiB", "1PiB",  "∞B",    "64Ki",  "64b"}) {
    EXPECT_FALSE(parse_size(bad)) << bad;
  }
}

TEST(ParseDuration, KnowsItsUnits) {
  EXPECT_EQ(parse_duration("0"), 0ms);
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("24h"), 24h);
  EXPECT_EQ(parse_duration("30d"), 720h);
  EXPECT_EQ(parse_duration("30 s"), 30s);
}

TEST(ParseDuration, RefusesAllElse) {
  for (const char* bad : {"", "30", "-1s", "1.5h", "1h30m", "30S", "30sec", "1w", "1y", "5 min",
                          "9223372036854775808ms", "9223372036854775807s", "106751991168d"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(AmountText, IsTheShortestExactForm) {
  EXPECT_EQ(size_to_text(0), "0");
  EXPECT_EQ(size_to_text(65536), "64KiB");
  EXPECT_EQ(size_to_text(65537), "65537B");
  EXPECT_EQ(size_to_text(3'000'000), "3MB");
  EXPECT_EQ(size_to_text(1LL << 40), "1TiB");
  EXPECT_EQ(duration_to_text(90s), "90s");
  EXPECT_EQ(duration_to_text(24h), "1d");
  EXPECT_EQ(duration_to_text(1ms), "1ms");
}

TEST(Words, QuotedIsShortAndPrintable) {
  EXPECT_EQ(in_quotes("a\x01\x7f"), "\"a\\x01\\x7f\"");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), "\"" + std::string(60, 'x') + "…\"");
  EXPECT_EQ(in_quotes(std::string(59, 'x') + "ä"), "\"" + std::string(59, 'x') + "…\"");
}

TEST(Words, NearestFindsTyposOnly) {
  constexpr std::array<std::string_view, 4> kKnown{"memory", "disk", "policy", "max_file"};
  EXPECT_EQ(nearest("memroy", kKnown), "memory");
  EXPECT_EQ(nearest("Disk", kKnown), "disk");
  EXPECT_EQ(nearest("max-file", kKnown), "max_file");
  EXPECT_EQ(nearest("maxfile", kKnown), "max_file");
  EXPECT_EQ(nearest("x", kKnown), "");
  EXPECT_EQ(nearest("title", kKnown), "");
  EXPECT_EQ(nearest(std::string(1000, 'm'), kKnown), "");
  EXPECT_EQ(nearest("memory", {}), "");
}

}  // namespace
}  // namespace farm::config
