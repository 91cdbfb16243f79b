#include "route/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "route/routes.h"

namespace farm::route {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Reading {
  Config config;
  std::string problems;
};

Reading read(std::string_view text) {
  auto document = config::Document::parse(text, "f.toml");
  EXPECT_TRUE(document) << document.error().context;
  Reading out;
  read_config(document.value().root(), out.config);
  const Result<void> finished = document.value().finish();
  if (!finished) out.problems = finished.error().context;
  return out;
}

constexpr std::string_view kPool = "[[pool]]\nname = \"app\"\nservers = [\"127.0.0.1:9000\"]\n";

std::string problem_of_pool(std::string_view lines) {
  return read("[[pool]]\n" + std::string(lines)).problems;
}
std::string problem_of_route(std::string_view lines) {
  return read(std::string(kPool) + "[[route]]\n" + std::string(lines)).problems;
}

TEST(RouteConfig, NothingIsNothing) {
  const Reading got = read("");
  EXPECT_EQ(got.problems, "");
  EXPECT_TRUE(got.config.pools.empty());
  EXPECT_TRUE(got.config.routes.empty());
}

TEST(RouteConfig, ReadsAllKeys) {
  const Reading got = read(R"(
[[pool]]
name = "app"
servers = ["127.0.0.1:9000", "app.internal", "[::1]:81"]
balance = "round-robin"
host = "www.example.com:8080"
connect_timeout = "500ms"
head_timeout = "5s"
retry_after = "1m"

[[pool]]
name = "old-images"
servers = ["old:80"]

[[route]]
match = "^/uploads/(.*)$"
host = "img.example.com"
pool = "old-images"
cache = "30d"
rewrite = '/images/\1'

[[route]]
match = ""
pool = "app"
)");
  ASSERT_EQ(got.problems, "");
  ASSERT_EQ(got.config.pools.size(), 2U);
  const PoolConfig& app = got.config.pools[0];
  EXPECT_EQ(app.name, "app");
  EXPECT_EQ(app.servers,
            (std::vector<ServerAddress>{{"127.0.0.1", 9000}, {"app.internal", 80}, {"::1", 81}}));
  EXPECT_EQ(app.host, "www.example.com:8080");
  EXPECT_EQ(app.connect_timeout, 500ms);
  EXPECT_EQ(app.head_timeout, 5s);
  EXPECT_EQ(app.retry_after, 1min);
  EXPECT_EQ(got.config.pools[1].retry_after, 10s);
  ASSERT_EQ(got.config.routes.size(), 2U);
  const RouteConfig& uploads = got.config.routes[0];
  EXPECT_EQ(uploads.match, "^/uploads/(.*)$");
  EXPECT_EQ(uploads.host, "img.example.com");
  EXPECT_EQ(uploads.pool, "old-images");
  EXPECT_EQ(uploads.cache, 30 * 24h);
  EXPECT_EQ(uploads.rewrite, "/images/\\1");
  EXPECT_EQ(got.config.routes[1].cache, std::nullopt);
  EXPECT_TRUE(Routes::make(got.config));
}

TEST(RouteConfig, TellsWhatIsWrongWithAPool) {
  EXPECT_EQ(problem_of_pool("servers = [\"a:1\"]"),
            "f.toml:1: pool[0].name: is needed: routes name their pool by it");
  EXPECT_THAT(problem_of_pool("name = \"a\""), HasSubstr("pool[0].servers: is needed"));
  EXPECT_EQ(problem_of_pool("name = \"a\"\nservers = [\"a:1\", \"b c\"]"),
            "f.toml:3: pool[0].servers: \"b c\" is no server; write it as \"host:port\"");
  EXPECT_THAT(problem_of_pool("name = \"a\"\nservers = [\"a:1\", \"a:1\"]"),
              HasSubstr("is there twice"));
  EXPECT_EQ(problem_of_pool("name = \"a\"\nservers = [\"a:1\"]\nbalance = \"hash\""),
            "f.toml:4: pool[0].balance: this version has no \"hash\" yet; there is "
            "\"round-robin\"");
  EXPECT_THAT(problem_of_pool("name = \"a\"\nservers = [\"a:1\"]\nbalance = \"x\""),
              HasSubstr("\"x\" is no way to balance"));
  EXPECT_EQ(problem_of_pool("name = \"a\"\nservers = [\"a:1\"]\nhealth = { path = \"/\" }"),
            "f.toml:4: pool[0].health: this version has no health yet");
  EXPECT_THAT(problem_of_pool("name = \"a\"\nservers = [\"a:1\"]\nhost = \"a\\r\\nX: y\""),
              StartsWith("f.toml:4: pool[0].host:"));
  EXPECT_THAT(problem_of_pool("name = \"a\"\nservers = [\"a:1\"]\nretry_after = \"2d\""),
              StartsWith("f.toml:4: pool[0].retry_after: must be"));
  EXPECT_THAT(problem_of_pool("name = \"a\"\nservers = [\"a:1\"]\nserver = 1"),
              HasSubstr("did you mean servers?"));
  EXPECT_THAT(read(std::string(kPool) + std::string(kPool)).problems,
              HasSubstr("pool[1].name: there is another pool \"app\""));
  EXPECT_THAT(read("[pool]\nname = \"a\"").problems, HasSubstr("[[pool]]"));
}

TEST(RouteConfig, TellsWhatIsWrongWithARoute) {
  EXPECT_THAT(problem_of_route("pool = \"app\""), HasSubstr("route[0].match: is needed"));
  EXPECT_THAT(problem_of_route("match = \"/\""), HasSubstr("route[0].pool: is needed"));
  EXPECT_EQ(problem_of_route("match = \"/\"\npool = \"none\""),
            "f.toml:6: route[0].pool: there is no [[pool]] named \"none\"");
  EXPECT_THAT(problem_of_route("match = \"^/(a\"\npool = \"app\""),
              StartsWith("f.toml:5: route[0].match: \"^/(a\" is no RE2 pattern: missing"));
  EXPECT_THAT(problem_of_route("match = '(?=a)'\npool = \"app\""), HasSubstr("is no RE2 pattern"));
  EXPECT_THAT(problem_of_route("match = '((a{1,100}){1,100}){1,100}'\npool = \"app\""),
              HasSubstr("is no RE2 pattern"));
  EXPECT_EQ(problem_of_route("match = \"^/a\"\npool = \"app\"\nreproxy = true"),
            "f.toml:7: route[0].reproxy: this version has no reproxy yet");
  EXPECT_THAT(problem_of_route("match = \"/\"\npool = \"app\"\nhost = \"A.example\""),
              HasSubstr("lower case"));
  EXPECT_THAT(problem_of_route("match = \"/\"\npool = \"app\"\nhost = \"a.example:80\""),
              HasSubstr("without a port"));
  EXPECT_THAT(problem_of_route("match = \"/\"\npool = \"app\"\ncache = \"30\""),
              HasSubstr("route[0].cache: \"30\" has no unit"));
}

TEST(RouteConfig, TellsWhatIsWrongWithARewriting) {
  const auto problem = [](std::string_view rewrite) {
    return problem_of_route("match = '^/a/(.*)$'\npool = 'app'\nrewrite = '" +
                            std::string(rewrite) + "'");
  };
  EXPECT_EQ(problem("/b/\\1"), "");
  EXPECT_EQ(problem("/b/\\0"), "");
  EXPECT_EQ(problem("b/\\1"), "f.toml:7: route[0].rewrite: the path it makes must begin with /");
  EXPECT_THAT(problem("\\1"), HasSubstr("must begin with /"));
  EXPECT_THAT(problem("/\\2"), HasSubstr("route[0].rewrite: "));
  EXPECT_THAT(problem("/\\x"), HasSubstr("route[0].rewrite: "));
  EXPECT_THAT(problem("/a b"), HasSubstr("%20"));
  EXPECT_THAT(problem("/a?b=\\1"), HasSubstr("no spaces"));
}

TEST(RouteConfig, BoundsHowManyThereAre) {
  std::string text;
  for (std::size_t i = 0; i <= kMaxPools; ++i) {
    text += "[[pool]]\nname = \"p" + std::to_string(i) + "\"\nservers = [\"a:1\"]\n";
  }
  EXPECT_THAT(read(text).problems, HasSubstr("at most 256 pools"));
  std::string servers = "name = \"a\"\nservers = [";
  for (std::size_t i = 0; i <= kMaxServersPerPool; ++i) {
    servers += "\"a:" + std::to_string(i + 1) + "\",";
  }
  EXPECT_THAT(problem_of_pool(servers + "]"), HasSubstr("at most 256 in a pool"));
}

TEST(ServerAddresses, AreTakenApart) {
  const auto text = [](std::string_view address) {
    const auto got = parse_address(address);
    return got ? got.value().host + " " + std::to_string(got.value().port) : "error";
  };
  EXPECT_EQ(text("127.0.0.1:9000"), "127.0.0.1 9000");
  EXPECT_EQ(text("a-b.example"), "a-b.example 80");
  EXPECT_EQ(text("[::1]:81"), "::1 81");
  EXPECT_EQ(text("[::1]"), "::1 80");
  for (const std::string_view bad :
       {"",    ":80",  "a:",     "a:0",    "a:65536", "a:8x",    "a:-1", "a b", "a/b", "http://a",
        "::1", "[::1", "[::1]x", "[a]:80", "[]:80",   "a:80:80", "a\n",  "u@a", "a?",  "[::1]:"}) {
    EXPECT_EQ(text(bad), "error") << bad;
  }
  EXPECT_EQ((ServerAddress{"::1", 81}).text(), "[::1]:81");
}

}  // namespace
}  // namespace farm::route
