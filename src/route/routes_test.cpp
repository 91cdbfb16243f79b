#include "route/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace farm::route {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

RouteConfig route(std::string match, std::string pool, std::string host = "",
                  std::string rewrite = "") {
  RouteConfig out;
  out.match = std::move(match);
  out.pool = std::move(pool);
  out.host = std::move(host);
  out.rewrite = std::move(rewrite);
  return out;
}

Config with(std::vector<RouteConfig> routes) {
  Config config;
  for (const char* name : {"app", "old"}) {
    PoolConfig pool;
    pool.name = name;
    pool.servers = {{"127.0.0.1", 9000}};
    config.pools.push_back(std::move(pool));
  }
  config.routes = std::move(routes);
  return config;
}

Routes make(std::vector<RouteConfig> routes) {
  auto made = Routes::make(with(std::move(routes)));
  EXPECT_TRUE(made) << made.error().context;
  return std::move(made).value();
}

// The name of the pool that answers; "none".
std::string pool_of(const Routes& routes, std::string_view host, std::string_view path) {
  const Route* found = routes.find(host, path);
  return found == nullptr ? "none" : found->pool->name();
}

TEST(Routes, NoneMatchNothing) {
  const Routes routes;
  EXPECT_TRUE(routes.empty());
  EXPECT_EQ(routes.find("h", "/"), nullptr);
  EXPECT_FALSE(routes.names_host("h"));
}

TEST(Routes, TheFirstThatMatchesCounts) {
  const Routes routes = make({route("^/uploads/", "old"), route("^/up", "app")});
  EXPECT_FALSE(routes.empty());
  EXPECT_EQ(pool_of(routes, "h", "/uploads/a.jpg"), "old");
  EXPECT_EQ(pool_of(routes, "h", "/up"), "app");
  EXPECT_EQ(pool_of(routes, "h", "/down"), "none");
  EXPECT_EQ(pool_of(routes, "h", "/x/uploads/"), "none");
  EXPECT_EQ(routes.find("h", "/uploads/a.jpg")->index, 0U);
  EXPECT_EQ(routes.find("h", "/upper")->index, 1U);
}

TEST(Routes, APatternIsSearchedForUnlessItIsAnchored) {
  const Routes routes = make({route("\\.gif$", "old"), route("", "app")});
  EXPECT_EQ(pool_of(routes, "h", "/a/b.gif"), "old");
  EXPECT_EQ(pool_of(routes, "h", "/a/b.gif/c"), "app");
}

TEST(Routes, AHostIsMatchedWholeWithoutCaseAndPort) {
  const Routes routes = make(
      {route("^/", "old", "img.example.com"), route("^/a", "app"), route("^/b", "app", "::1")});
  for (const std::string_view host :
       {"img.example.com", "IMG.Example.COM", "img.example.com:8080", "img.example.com:"}) {
    EXPECT_EQ(pool_of(routes, host, "/a"), "old") << host;
    EXPECT_TRUE(routes.names_host(host)) << host;
  }
  for (const std::string_view host :
       {"", "example.com", "ximg.example.com", "img.example.com.evil", "img", "[::2]"}) {
    EXPECT_EQ(pool_of(routes, host, "/a"), "app") << host;
    EXPECT_EQ(pool_of(routes, host, "/b"), "none") << host;
    EXPECT_FALSE(routes.names_host(host)) << host;
  }
  EXPECT_EQ(pool_of(routes, "[::1]:8080", "/b"), "app");
  EXPECT_TRUE(routes.names_host("[::1]"));
  EXPECT_EQ(pool_of(routes, std::string(5000, 'a'), "/a"), "app");
  EXPECT_FALSE(routes.names_host(std::string(5000, 'a')));
}

TEST(Routes, TheirHoldingTimesAreTheirOwn) {
  RouteConfig cached = route("^/a", "old");
  cached.cache = 30 * 24h;
  const Routes routes = make({cached, route("^/b", "old")});
  EXPECT_EQ(routes.find("h", "/a")->cache, 30 * 24h);
  EXPECT_EQ(routes.find("h", "/b")->cache, std::nullopt);
}

std::string target(const Routes& routes, std::string_view path, std::string_view query = {}) {
  const Route* found = routes.find("h", path);
  return found == nullptr ? "none" : routes.target(*found, path, query);
}

TEST(Routes, ATargetIsThePathAsItCame) {
  const Routes routes = make({route("^/", "app")});
  EXPECT_EQ(target(routes, "/a%20b//../c"), "/a%20b//../c");
  EXPECT_EQ(target(routes, "/a", "b=c&d"), "/a?b=c&d");
  EXPECT_EQ(target(routes, "/"), "/");
}

TEST(Routes, ATargetIsRewritten) {
  const Routes routes =
      make({route("^/uploads/([0-9]{4})/(.*)$", "old", "", "/images/\\2/\\1"),
            route("^/whole", "app", "", "/was\\0"), route("/optional(/x)?$", "app", "", "/o\\1")});
  EXPECT_EQ(target(routes, "/uploads/2009/03/a.jpg", "w=1"), "/images/03/a.jpg/2009?w=1");
  EXPECT_EQ(target(routes, "/whole/path"), "/was/whole");
  EXPECT_EQ(target(routes, "/optional"), "/o");
  EXPECT_EQ(target(routes, "/optional/x"), "/o/x");
}

TEST(Routes, PathsAreBytes) {
  const Routes routes = make({route("^/a.b$", "old"), route("^/\xc3\xa4$", "app")});
  EXPECT_EQ(pool_of(routes, "h",
                    "/a\xff"
                    "b"),
            "old");
  EXPECT_EQ(pool_of(routes, "h", "/\xc3\xa4"), "app");
  EXPECT_EQ(pool_of(routes, "h", std::string_view("/a\0b", 4)), "old");
}

TEST(Routes, LongPathsAndNastyPatternsStayCheap) {
  const Routes routes = make({route("(a+)+$", "old"), route("(x+x+)+y", "app")});
  const std::string path = "/" + std::string(200'000, 'a') + "b";
  EXPECT_EQ(pool_of(routes, "h", path), "none");
  EXPECT_EQ(pool_of(routes, "h", "/" + std::string(200'000, 'x')), "none");
}

TEST(Routes, WrongOnesAreRefused) {
  const auto problem = [](Config config) {
    const auto made = Routes::make(config);
    return made ? std::string("none") : made.error().context;
  };
  EXPECT_EQ(problem(with({route("^/", "nobody")})), "there is no pool \"nobody\"");
  EXPECT_THAT(problem(with({route("(", "app")})), HasSubstr("the route \"(\": missing"));
  EXPECT_THAT(problem(with({route("a", "app", "", "b")})), HasSubstr("must begin with /"));
  Config empty = with({});
  empty.pools[1].servers.clear();
  EXPECT_EQ(problem(empty), "the pool old has no server");
}

TEST(Routes, MayBeUsedByManyThreads) {
  const Routes routes = make({route("^/(a|b)+$", "old", "", "/x\\1"), route("^/c", "app")});
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        if (target(routes, "/abab") == "/xb" && target(routes, "/c" + std::to_string(i))[1] == 'c')
          ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 2000);
}

}  // namespace
}  // namespace farm::route
