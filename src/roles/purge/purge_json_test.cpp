#include "roles/purge/purge_json.h"

#include <gmock/gmock.h>

namespace farm::roles {
namespace {

using cache::Purge;
using cache::PurgePage;
using ::testing::HasSubstr;

PurgePage sample() {
  PurgePage page;
  page.log = {std::byte{0xab}, std::byte{1}};
  page.after = 10;
  page.last = 20;
  page.more = true;
  page.floors = {5, 6};
  page.purges = {{11, {Purge::Kind::kPath, "/a?b=\"1\"\\"}},
                 {13, {Purge::Kind::kPrefix, "//h/\xc3\xa4/", true}},
                 {20, {Purge::Kind::kTag, "p123"}}};
  return page;
}

TEST(PurgeJsonTest, PagesComeBackAsTheyWere) {
  EXPECT_EQ(parse_purge_page(purge_page_json(sample())).value(), sample());
  EXPECT_EQ(parse_purge_page(purge_page_json({})).value(), PurgePage{});
}

TEST(PurgeJsonTest, LooksAsItsHeaderSays) {
  PurgePage page = sample();
  page.purges = {{11, {Purge::Kind::kTag, "p1", true}}};
  EXPECT_EQ(purge_page_json(page),
            "{\"log\":\"ab010000000000000000000000000000\",\"after\":\"10\",\"last\":\"20\","
            "\"more\":true,\"floors\":{\"gone\":\"5\",\"stale\":\"6\"},"
            "\"purges\":[{\"id\":\"11\",\"tag\":\"p1\",\"soft\":true}]}\n");
}

// Each is a good page with one piece replaced.
TEST(PurgeJsonTest, RefusesWhatIsNoPage) {
  const std::string good = purge_page_json(sample());
  const auto with = [&](std::string_view piece, std::string_view other) {
    std::string text = good;
    const std::size_t at = text.find(piece);
    EXPECT_NE(at, std::string::npos) << piece;
    return text.replace(at, piece.size(), other);
  };
  const std::vector<std::string> bad = {
      "",
      "[]",
      good.substr(0, good.size() - 3),
      with("ab01", "AB01"),
      with("ab01", "01"),
      with("\"10\"", "10"),
      with("\"10\"", "\"-10\""),
      with("\"10\"", "\"21\""),
      with("\"10\"", "\"99999999999999999999\""),
      with("true", "1"),
      with("\"gone\":\"5\"", "\"gone\":5"),
      with("\"purges\":[", "\"purges\":[7,"),
      with("\"purges\":[", "\"purges\":[{\"id\":\"11\",\"tag\":\"x\"},"),
      with("\"11\"", "\"10\""),
      with("\"20\",\"tag\"", "\"21\",\"tag\""),
      with("\"tag\":\"p123\"", "\"tag\":\"p 123\""),
      with("\"tag\":\"p123\"", "\"tag\":\"p123\",\"path\":\"/\""),
      with("\"tag\":\"p123\"", "\"user\":\"p123\""),
      with("\"soft\":true", "\"soft\":1"),
  };
  for (const std::string& text : bad) {
    const auto page = parse_purge_page(text);
    ASSERT_FALSE(page) << text;
    EXPECT_EQ(page.error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(PurgeJsonTest, RefusesTooMuch) {
  PurgePage page;
  page.last = 5000;
  for (std::uint64_t i = 1; i <= kMaxPagePurges; ++i) {
    page.purges.push_back({i, {Purge::Kind::kTag, "t"}});
  }
  EXPECT_TRUE(parse_purge_page(purge_page_json(page)));
  page.purges.push_back({kMaxPagePurges + 1, {Purge::Kind::kTag, "t"}});
  EXPECT_EQ(parse_purge_page(purge_page_json(page)).error().code, ErrorCode::kTooLarge);
}

TEST(PurgeJsonTest, AFullPageIsUnderItsBound) {
  PurgePage page;
  page.last = INT64_MAX;
  for (std::uint64_t i = 1; i <= kMaxPagePurges; ++i) {
    page.purges.push_back(
        {INT64_MAX - kMaxPagePurges + i,
         {Purge::Kind::kPrefix, "/" + std::string(kMaxPageBytes / kMaxPagePurges, '"'), true}});
  }
  EXPECT_LT(purge_page_json(page).size(), kMaxPurgePageJson);
}

TEST(PurgeJsonTest, ReceiptsNameEveryEdge) {
  PurgeReceipt receipt{.id = 17, .purges = 2, .memory_objects = 3, .edges = {}};
  receipt.edges.push_back({"http://a", PurgeReceipt::State::kDone, 1, ""});
  receipt.edges.push_back({"http://b", PurgeReceipt::State::kFailed, 4, "no \xff key"});
  const std::string json = purge_receipt_json(receipt);
  EXPECT_THAT(json, HasSubstr("{\"id\":\"17\",\"purges\":2,\"memory_objects\":3,\"edges\":["));
  EXPECT_THAT(json,
              HasSubstr("{\"edge\":\"http://a\",\"state\":\"done\",\"tries\":1,\"error\":\"\"}"));
  EXPECT_THAT(json,
              HasSubstr("\"state\":\"failed\",\"tries\":4,\"error\":\"no \xef\xbf\xbd key\""));
}

TEST(PurgeJsonTest, SmallerAnswers) {
  EXPECT_EQ(parse_purge_known(purge_known_json(77)).value(), 77U);
  EXPECT_FALSE(parse_purge_known("{}"));
  EXPECT_FALSE(parse_purge_known("{\"last\":77}"));
  EXPECT_EQ(problem_detail("{\"detail\":\"no\"}"), "no");
  EXPECT_EQ(problem_detail("<html>"), "<html>");
  EXPECT_EQ(parse_purge_number("9223372036854775807"), 9223372036854775807U);
  for (const char* text : {"", "1x", "-1", "99999999999999999999"}) {
    EXPECT_FALSE(parse_purge_number(text)) << text;
  }
}

}  // namespace
}  // namespace farm::roles
