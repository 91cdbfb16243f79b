#include "config/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "base/test_folder.h"

namespace farm::config {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Document parse(std::string_view text) {
  auto document = Document::parse(text, "f.toml");
  EXPECT_TRUE(document) << document.error().message();
  return std::move(document).value();
}

// All that finish() says after `reading` has read the file; empty if it is content.
std::string problems(std::string_view text, const std::function<void(Table)>& reading) {
  Document document = parse(text);
  reading(document.root());
  const Result<void> result = document.finish();
  if (result) return "";
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  return result.error().context;
}

TEST(Document, ReadsEveryType) {
  Document document = parse(R"(
name = "a"
on = true
big = -9000000000
small = 7
port = 65535
count = 4294967295
list = ["x", "y"]
size = "64KiB"
wait = "250ms"
)");
  Table root = document.root();
  std::string name;
  bool on = false;
  std::int64_t big = 0;
  int small = 0;
  std::uint16_t port = 0;
  std::uint32_t count = 0;
  std::vector<std::string> list;
  std::uint64_t size = 0;
  std::chrono::milliseconds wait{0};
  root.read("name", name);
  root.read("on", on);
  root.read("big", big);
  root.read("small", small);
  root.read("port", port);
  root.read("count", count);
  root.read("list", list);
  root.read_size("size", size);
  root.read_duration("wait", wait);
  EXPECT_TRUE(document.finish());
  EXPECT_EQ(name, "a");
  EXPECT_TRUE(on);
  EXPECT_EQ(big, -9000000000);
  EXPECT_EQ(small, 7);
  EXPECT_EQ(port, 65535);
  EXPECT_EQ(count, 4294967295U);
  EXPECT_EQ(list, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(size, 65536U);
  EXPECT_EQ(wait, 250ms);
}

TEST(Document, LeavesDefaultsWhereTheFileIsSilentOrWrong) {
  Document document = parse("port = \"x\"\nsize = 5\nwait = \"5 weeks\"\nlist = [1]\n");
  int port = 1;
  int missing = 2;
  std::uint64_t size = 3;
  std::chrono::milliseconds wait{4};
  std::vector<std::string> list{"5"};
  Table root = document.root();
  root.read("port", port);
  root.read("missing", missing);
  root.read_size("size", size);
  root.read_duration("wait", wait);
  root.read("list", list);
  EXPECT_FALSE(document.finish());
  EXPECT_EQ(port, 1);
  EXPECT_EQ(missing, 2);
  EXPECT_EQ(size, 3U);
  EXPECT_EQ(wait, 4ms);
  EXPECT_EQ(list, std::vector<std::string>{"5"});
}

TEST(Document, WrongTypesSayWhatIsWanted) {
  const auto reading = [](Table t) {
    std::string s;
    bool b = false;
    int i = 0;
    std::vector<std::string> list;
    t.read("s", s);
    t.read("b", b);
    t.read("i", i);
    t.read("list", list);
    t.table("t");
    t.tables("ts");
  };
  EXPECT_EQ(problems("s = 1", reading),
            "f.toml:1: s: must be a string in quotes, not a whole number");
  EXPECT_EQ(problems("\n\nb = \"yes\"", reading),
            "f.toml:3: b: must be true or false without quotes, not a string");
  EXPECT_EQ(problems("i = \"1\"", reading),
            "f.toml:1: i: must be a whole number, not a string (no quotes)");
  EXPECT_EQ(problems("i = 1.0", reading),
            "f.toml:1: i: must be a whole number, not a number with a fraction");
  EXPECT_EQ(problems("i = 1979-05-27", reading),
            "f.toml:1: i: must be a whole number, not a date or time");
  EXPECT_EQ(problems("list = \"a\"", reading),
            "f.toml:1: list: must be an array of strings, such as [\"a\", \"b\"], not a string");
  EXPECT_EQ(problems("list = [\n\"a\",\n2]", reading),
            "f.toml:3: list[1]: must be a string in quotes, not a whole number");
  EXPECT_EQ(problems("t = 1", reading), "f.toml:1: t: must be a table, not a whole number");
  EXPECT_EQ(problems("[ts]", reading),
            "f.toml:1: ts: must be an array of tables, each headed [[ts]], not a table");
  EXPECT_EQ(problems("ts = [{}, 3]", reading),
            "f.toml:1: ts[1]: must be a table, not a whole number");
  EXPECT_EQ(problems("s = []", reading), "f.toml:1: s: must be a string in quotes, not an array");
  EXPECT_EQ(problems("s = false", reading),
            "f.toml:1: s: must be a string in quotes, not true or false");
}

TEST(Document, NumbersHaveRanges) {
  const auto reading = [](Table t) {
    int quality = 0;
    std::uint16_t port = 0;
    std::uint32_t count = 0;
    std::int64_t big = 0;
    std::int64_t low = 0;
    t.read("quality", quality, {1, 100});
    t.read("port", port);
    t.read("count", count, {1});
    t.read("big", big, {5});
    t.read("low", low, {std::numeric_limits<std::int64_t>::min(), 9});
  };
  EXPECT_EQ(problems("quality = 1", reading), "");
  EXPECT_EQ(problems("quality = 100", reading), "");
  EXPECT_EQ(problems("quality = 0", reading), "f.toml:1: quality: must be 1 to 100, not 0");
  EXPECT_EQ(problems("quality = 101", reading), "f.toml:1: quality: must be 1 to 100, not 101");
  EXPECT_EQ(problems("port = 65536", reading), "f.toml:1: port: must be 0 to 65535, not 65536");
  EXPECT_EQ(problems("port = -1", reading), "f.toml:1: port: must be 0 to 65535, not -1");
  EXPECT_EQ(problems("count = 4294967296", reading),
            "f.toml:1: count: must be 1 to 4294967295, not 4294967296");
  EXPECT_EQ(problems("big = 4", reading), "f.toml:1: big: must be at least 5, not 4");
  EXPECT_EQ(problems("low = 10", reading), "f.toml:1: low: must be at most 9, not 10");
}

TEST(Document, SizesNeedTheirUnit) {
  const auto reading = [](Table t) {
    std::uint64_t size = 0;
    t.read_size("size", size, {0, 1 << 20});
  };
  EXPECT_EQ(problems("size = 0", reading), "");
  EXPECT_EQ(problems("size = \"0\"", reading), "");
  EXPECT_EQ(problems("size = \"1MiB\"", reading), "");
  EXPECT_EQ(problems("size = 1024", reading),
            "f.toml:1: size: must be a size in quotes, such as \"64KiB\", not a whole number");
  EXPECT_EQ(problems("size = -1", reading),
            "f.toml:1: size: must be a size in quotes, such as \"64KiB\", not a whole number");
  EXPECT_EQ(problems("size = 1.5", reading),
            "f.toml:1: size: must be a size in quotes, such as \"64KiB\", not a number with a "
            "fraction");
  EXPECT_EQ(problems("size = \"1024\"", reading),
            "f.toml:1: size: \"1024\" has no unit (B, kB, MB, GB, TB, KiB, MiB, GiB or TiB); write "
            "a size such as \"64KiB\"");
  EXPECT_EQ(problems("size = \"64K\"", reading),
            "f.toml:1: size: \"64K\" has an unknown unit (known: B, kB, MB, GB, TB, KiB, MiB, GiB "
            "or TiB); write a size such as \"64KiB\"");
  EXPECT_EQ(problems("size = \"-1KiB\"", reading),
            "f.toml:1: size: \"-1KiB\" is negative; write a size such as \"64KiB\"");
  EXPECT_EQ(problems("size = \"2MiB\"", reading), "f.toml:1: size: must be at most 1MiB, not 2MiB");
}

TEST(Document, TimesNeedTheirUnit) {
  const auto reading = [](Table t) {
    std::chrono::milliseconds wait{0};
    std::chrono::milliseconds keep{0};
    t.read_duration("wait", wait, {1s, 1h});
    t.read_duration("keep", keep, {.min = 1h});
  };
  EXPECT_EQ(problems("wait = \"1s\"\nkeep = \"30d\"", reading), "");
  EXPECT_EQ(problems("wait = 30", reading),
            "f.toml:1: wait: must be a time in quotes, such as \"30s\", not a whole number");
  EXPECT_EQ(problems("wait = \"30sec\"", reading),
            "f.toml:1: wait: \"30sec\" has an unknown unit (known: ms, s, m, h or d); write a time "
            "such as \"30s\"");
  EXPECT_EQ(problems("wait = 0", reading), "f.toml:1: wait: must be 1s to 1h, not 0");
  EXPECT_EQ(problems("wait = \"61m\"", reading), "f.toml:1: wait: must be 1s to 1h, not 61m");
  EXPECT_EQ(problems("keep = \"5m\"", reading), "f.toml:1: keep: must be at least 1h, not 5m");
}

TEST(Document, UnknownKeysAreNamedWithTheNearest) {
  const auto reading = [](Table t) {
    std::string s;
    t.read("listen", s);
    t.read("public_url", s);
    t.table("cache").read("policy", s);
    for (Table pool : t.tables("pool")) pool.read("name", s);
  };
  EXPECT_EQ(problems("lisen = \"\"", reading),
            "f.toml:1: lisen: unknown key; did you mean listen?");
  EXPECT_EQ(problems("Public-URL = \"\"", reading),
            "f.toml:1: Public-URL: unknown key; did you mean public_url?");
  EXPECT_EQ(problems("zzzzzz = 1", reading),
            "f.toml:1: zzzzzz: unknown key; known here: cache, listen, pool, public_url");
  EXPECT_EQ(problems("[cahce]\npolicy = \"lru\"", reading),
            "f.toml:1: cahce: unknown key; did you mean cache?");
  EXPECT_EQ(problems("[cache]\npolcy = \"lru\"", reading),
            "f.toml:2: cache.polcy: unknown key; did you mean policy?");
  EXPECT_EQ(problems("[[pool]]\nname = \"a\"\n[[pool]]\nnmae = \"b\"", reading),
            "f.toml:4: pool[1].nmae: unknown key; did you mean name?");
  EXPECT_EQ(problems("[cache]\nlisten = \"x\"", reading),
            "f.toml:2: cache.listen: unknown key here; it belongs at the top of the file, before "
            "the first [table]");
}

TEST(Document, ProblemsComeInTheOrderOfTheFileAndOnce) {
  const auto reading = [](Table t) {
    int i = 0;
    t.read("c", i);
    t.read("a", i, {0, 1});
    t.read("a", i, {0, 1});
    t.table("x").read("d", i);
  };
  EXPECT_EQ(problems("a = 2\nbbbbbb = 1\nc = \"\"\n[x]\nd = true\n", reading),
            "f.toml:1: a: must be 0 to 1, not 2\n"
            "f.toml:2: bbbbbb: unknown key; known here: a, c, x\n"
            "f.toml:3: c: must be a whole number, not a string (no quotes)\n"
            "f.toml:5: x.d: must be a whole number, not true or false");
}

TEST(Document, ManyProblemsAreCutShort) {
  std::string text;
  for (int i = 0; i < 150; ++i) text += "unknown_" + std::to_string(i) + " = 1\n";
  const std::string all = problems(text, [](Table) {});
  EXPECT_THAT(all, HasSubstr("f.toml:100: unknown_99: unknown key\nand 50 more"));
}

TEST(Document, RoomsRejectValuesOfTheirOwn) {
  EXPECT_EQ(problems("[cache]\npolicy = \"fifo\"",
                     [](Table t) {
                       std::string s;
                       t.table("cache").read("policy", s);
                       t.table("cache").reject("policy", "must be s3fifo or lru");
                     }),
            "f.toml:2: cache.policy: must be s3fifo or lru");
  EXPECT_EQ(problems("\n[cache]\n", [](Table t) { t.table("cache").reject("disk", "is needed"); }),
            "f.toml:2: cache.disk: is needed");
  EXPECT_EQ(problems("", [](Table t) { t.table("tls").reject("key", "is needed"); }),
            "f.toml:1: tls.key: is needed");
}

TEST(Document, TheSameTableMayBeReadByTwo) {
  EXPECT_EQ(problems("[net]\na = 1\nb = 2\n[[p]]\nc = 3\nd = 4",
                     [](Table t) {
                       int i = 0;
                       t.table("net").read("a", i);
                       t.table("net").read("b", i);
                       t.tables("p")[0].read("c", i);
                       t.tables("p")[0].read("d", i);
                     }),
            "");
}

TEST(Document, InlineTablesAndDottedKeysAreTables) {
  EXPECT_EQ(problems("disk = [{ path = \"/a\", size = \"1GiB\" }]\nhealth.path = 3\n",
                     [](Table t) {
                       std::string path;
                       std::uint64_t size = 0;
                       t.tables("disk").at(0).read("path", path);
                       t.tables("disk").at(0).read_size("size", size);
                       EXPECT_EQ(path, "/a");
                       EXPECT_EQ(size, 1U << 30);
                       t.table("health").read("path", path);
                     }),
            "f.toml:2: health.path: must be a string in quotes, not a whole number");
}

TEST(Document, KnowsWhatIsThere) {
  Document document = parse("a = 1");
  EXPECT_TRUE(document.root().has("a"));
  EXPECT_FALSE(document.root().has("b"));
  EXPECT_TRUE(document.root().tables("b").empty());
  EXPECT_TRUE(document.finish());
}

TEST(Document, OddKeysAreShownSafely) {
  EXPECT_EQ(problems("\"a b\" = 1\n\"x\\u001b[31m\" = 2", [](Table) {}),
            "f.toml:1: \"a b\": unknown key\nf.toml:2: \"x\\x1b[31m\": unknown key");
}

TEST(Document, WhatIsNoTomlIsToldWithItsPlace) {
  for (const char* text : {"[&x]", "\xc3\xa9 = 1", "a = 1\nb = ", "a = 1\na = 2", "x", "[a",
                           "a = \"\xff\"", "a = 99999999999999999999"}) {
    const auto document = Document::parse(text, "f.toml");
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(document.error().context, StartsWith("f.toml:"));
    EXPECT_THAT(document.error().context, HasSubstr(": not TOML: "));
  }
  EXPECT_THAT(Document::parse("a = 1\nb = ", "f.toml").error().context, StartsWith("f.toml:2:"));
}

TEST(Document, AnEmptyOneIsAllDefaults) {
  Document document = Document::empty();
  int i = 5;
  document.root().table("a").read("i", i);
  EXPECT_EQ(i, 5);
  EXPECT_TRUE(document.finish());
  document.root().table("a").reject("i", "is needed");
  EXPECT_EQ(document.finish().error().context, "a.i: is needed");
}

class FileTest : public ::testing::Test {
 protected:
  TestFolder own_;
  const std::filesystem::path& folder_ = own_.path();
};

TEST_F(FileTest, IsLoadedByName) {
  const auto file = folder_ / "photofarm.toml";
  std::ofstream(file) << "a = 1\n";
  auto document = Document::load(file);
  ASSERT_TRUE(document);
  EXPECT_EQ(document.value().finish().error().context, file.string() + ":1: a: unknown key");
}

TEST_F(FileTest, MissingFoldersAndGiantsAreRefused) {
  EXPECT_EQ(Document::load(folder_ / "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Document::load(folder_).error().code, ErrorCode::kIo);
  std::ofstream(folder_ / "big") << std::string((1 << 20) + 1, '#');
  EXPECT_EQ(Document::load(folder_ / "big").error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace farm::config
