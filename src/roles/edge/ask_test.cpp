#include "roles/edge/ask.h"

#include "roles/edge/edge_fixture.h"

namespace farm::roles {
namespace {

route::RouteConfig for_host(const std::string& host) {
  return {.match = "^/", .host = host, .pool = "old", .cache = {}, .rewrite = ""};
}

class AskTest : public EdgeFixture {
 protected:
  std::string key(std::string_view host, std::string_view target) {
    net::RequestHead request;
    request.host = host;
    request.path = target.substr(0, target.find('?'));
    request.has_query = request.path.size() < target.size();
    if (request.has_query) request.query = target.substr(request.path.size() + 1);
    return std::string(cache_key(routes_, request, room_));
  }
  KeyRoom room_;
};

TEST_F(AskTest, TheKeyIsTheTargetAsSent) {
  EXPECT_EQ(key("a.test", "/x%2Fy?b=2&a=1"), "/x%2Fy?b=2&a=1");
  EXPECT_EQ(key("a.test", "/x"), "/x");
  EXPECT_EQ(key("a.test", "/x?"), "/x?");
}

TEST_F(AskTest, AHostThatARouteNamesStandsBeforeIt) {
  routes_ = routes_to({{.host = "127.0.0.1", .port = 1}}, {for_host("a.test"), for_host("")});
  EXPECT_EQ(key("a.test", "/x"), "a.test/x");
  EXPECT_EQ(key("A.TEST:8080", "/X?y"), "a.test/X?y");
  EXPECT_EQ(key("b.test", "/x"), "/x");
  EXPECT_EQ(key("", "/x"), "/x");
}

TEST_F(AskTest, WhereThereIsNoRoomThereIsNoKey) {
  routes_ = routes_to({{.host = "127.0.0.1", .port = 1}}, {for_host("a.test")});
  const std::string fits = "/" + std::string(room_.size() - 7, 'x');
  EXPECT_EQ(key("a.test", fits), "a.test" + fits);
  EXPECT_EQ(key("a.test", fits + "x"), "");
  EXPECT_EQ(key("b.test", fits + "x"), fits + "x") << "it lies in the request";
}

TEST_F(AskTest, TheHostIsAPartOfTheKeyWhereverTheAskGoes) {
  Ask ask;
  ask.key = "a.test/x";
  ask.host_bytes = 6;
  const Ask moved = std::move(ask);  // short strings lie in the Ask itself
  EXPECT_EQ(moved.host(), "a.test");
  EXPECT_EQ(moved.host().data(), moved.key.data());
}

TEST(IsPlainTest, KnowsWhatAsksForMoreThanTheWhole) {
  const auto plain = [](std::string_view name) {
    const std::array<net::HeaderView, 2> headers = {{{"Accept", "*/*"}, {name, "x"}}};
    net::RequestHead request;
    request.headers = headers;
    return is_plain(request);
  };
  for (const char* name : {"Range", "range", "Pragma", "If-Match", "Cache-Control", "cache-control",
                           "If-Unmodified-Since"}) {
    EXPECT_FALSE(plain(name)) << name;
  }
  for (const char* name : {"If-None-Match", "If-Modified-Since", "Cookie", "Rangf", "X-Range"}) {
    EXPECT_TRUE(plain(name)) << name;
  }
}

}  // namespace
}  // namespace farm::roles
