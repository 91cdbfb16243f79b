#include "photo/facts.h"

#include <gtest/gtest.h>

namespace farm::photo {
namespace {

using namespace std::string_view_literals;

TEST(Facts, OfTheirFormPass) {
  const Facts facts = checked_facts({.taken_at = "2024-05-01T12:30:00+02:00",
                                     .camera = "NIKON COOLPIX P6000",
                                     .dominant_color = "#0a1b2c",
                                     .thumb_hash = "1QcSHQRnh493V4dIh4eXh1h4kJUI"});
  EXPECT_EQ(facts.taken_at, "2024-05-01T12:30:00+02:00");
  EXPECT_EQ(facts.camera, "NIKON COOLPIX P6000");
  EXPECT_EQ(facts.dominant_color, "#0a1b2c");
  EXPECT_EQ(facts.thumb_hash, "1QcSHQRnh493V4dIh4eXh1h4kJUI");
  EXPECT_EQ(checked_facts(facts.texts()), facts);
  EXPECT_EQ(checked_facts({}), Facts{});
}

TEST(Facts, TakesTimesWithAndWithoutAnOffset) {
  for (const auto good :
       {"2024-05-01T12:30:00"sv, "2024-05-01T12:30:00Z"sv, "2024-12-31T23:59:60-11:45"sv}) {
    EXPECT_EQ(checked_facts({.taken_at = good}).taken_at, good);
  }
  for (const auto bad :
       {"2024-05-01"sv, "2024:05:01 12:30:00"sv, "2024-00-01T12:30:00"sv, "2024-13-01T12:30:00"sv,
        "2024-05-32T12:30:00"sv, "2024-05-01T24:30:00"sv, "2024-05-01T12:60:00"sv,
        "2024-05-01T12:30:61"sv, "2024-05-01T12:30:00+2:00"sv, "2024-05-01T12:30:00+25:00"sv,
        "2024-05-01T12:30:00 "sv, "2024-05-01T12:30:0"sv}) {
    EXPECT_EQ(checked_facts({.taken_at = bad}).taken_at, "") << bad;
  }
}

TEST(Facts, LeavesOutWhatIsNotOfItsForm) {
  EXPECT_EQ(checked_facts({.camera = "a\nb"}).camera, "");
  EXPECT_EQ(checked_facts({.camera = "\xff"}).camera, "");
  EXPECT_EQ(checked_facts({.camera = std::string(65, 'x')}).camera, "");
  EXPECT_EQ(checked_facts({.camera = std::string(64, 'x')}).camera, std::string(64, 'x'));
  for (const auto bad : {"0a1b2c"sv, "#0A1B2C"sv, "#0a1b2"sv, "#0a1b2g"sv}) {
    EXPECT_EQ(checked_facts({.dominant_color = bad}).dominant_color, "") << bad;
  }
  for (const auto bad : {"abc"sv, "ab=c"sv, "a==="sv, "ab-_"sv}) {
    EXPECT_EQ(checked_facts({.thumb_hash = bad}).thumb_hash, "") << bad;
  }
  EXPECT_EQ(checked_facts({.thumb_hash = "ab=="}).thumb_hash, "ab==");
}

}  // namespace
}  // namespace farm::photo
