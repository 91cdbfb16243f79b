#include <gtest/gtest.h>

#include <set>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/photo_id.h"
#include "base/result.h"
#include "base/utf8.h"

namespace farm {
namespace {

TEST(Base64, IsAsTheRfcSays) {
  const auto of = [](std::string_view text) { return to_base64(as_bytes(text)); };
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("f"), "Zg==");
  EXPECT_EQ(of("fo"), "Zm8=");
  EXPECT_EQ(of("foo"), "Zm9v");
  EXPECT_EQ(of("foobar"), "Zm9vYmFy");
  EXPECT_EQ(of("\xff\xff\xbe"), "//++");
}

TEST(Hex, RoundTripsAndRefusesOtherForms) {
  const Bytes bytes = {std::byte{0x00}, std::byte{0xa5}, std::byte{0xff}};
  EXPECT_EQ(to_hex(bytes), "00a5ff");
  Bytes back(3);
  EXPECT_TRUE(from_hex("00a5ff", back));
  EXPECT_EQ(back, bytes);
  for (const char* bad : {"00A5ff", "00a5f", "00a5ff0", "00a5fg", "", " 0a5ff"}) {
    EXPECT_FALSE(from_hex(bad, back)) << bad;
  }
}

TEST(Digest, Sha256HasTheKnownValue) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, ComparesWholeValues) {
  EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
}

TEST(PhotoIdTest, HasOneDecimalForm) {
  EXPECT_EQ(PhotoId::parse("714859384938496")->value, 714859384938496U);
  EXPECT_EQ(PhotoId::parse("9223372036854775807")->value, (1ULL << 63) - 1);
  for (const char* bad : {"", "0", "01", "-1", "+1", "1 ", " 1", "1a", "9223372036854775808",
                          "99999999999999999999", "0x10"}) {
    EXPECT_FALSE(PhotoId::parse(bad)) << bad;
  }
}

TEST(PhotoIdTest, GrowsWhateverTheClockDoes) {
  FakeClock clock(kPhotoEpochMs + 1000);
  PhotoIdMaker maker(7, clock);
  PhotoId last{};
  for (int i = 0; i < 10000; ++i) {
    if (i == 5000) clock.advance(-500);
    const PhotoId id = maker.next();
    ASSERT_GT(id, last);
    ASSERT_EQ(id.server(), 7U);
    last = id;
  }
}

TEST(PhotoIdTest, GoesOnAfterTheGreatestFoundAtStart) {
  FakeClock clock(kPhotoEpochMs + 1000);
  PhotoIdMaker before(7, clock);
  clock.advance(60'000);
  const PhotoId greatest = before.next();
  clock.advance(-60'000);
  PhotoIdMaker after(7, clock);
  after.start_after(greatest);
  EXPECT_GT(after.next(), greatest);
}

TEST(PhotoIdTest, KnowsWhenItWasMade) {
  FakeClock clock(kPhotoEpochMs + 123456);
  PhotoIdMaker maker(1, clock);
  EXPECT_EQ(maker.next().created_ms(), kPhotoEpochMs + 123456);
}

TEST(ClockTest, FormatsRfc3339) {
  EXPECT_EQ(format_rfc3339(1795313940000), "2026-11-22T02:19:00Z");
}

TEST(ErrorTest, SaysWhatHappenedAndWhetherToRetry) {
  const Error error = errno_error(28, "volume", "cannot append");
  EXPECT_EQ(error.code, ErrorCode::kNoSpace);
  EXPECT_TRUE(error.retryable);
  EXPECT_EQ(error.message(), "volume: no space: cannot append: No space left on device");
}

TEST(Utf8Test, TakesOnlyTheShortestFormOfScalarValues) {
  for (const char* good :
       {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x93\xb7", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "a\xff"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorCode::kInvalidArgument, "test", "odd");
  return n / 2;
}
Result<int> quarter(int n) {
  FARM_TRY(const int h, half(n));
  return half(h);
}

TEST(ResultTest, TryReturnsTheErrorEarly) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().context, "odd");
}

}  // namespace
}  // namespace farm
