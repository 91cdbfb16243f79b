#include "roles/edge/tiers.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "roles/edge/edge_fixture.h"

namespace farm::roles {
namespace {

using List = std::vector<net::HeaderView>;

io::Task<void> find(Tiers& tiers, std::string key, cache::Headers request, Found& out) {
  out = co_await tiers.find(std::move(key), request);
}

class TiersTest : public EdgeFixture {
 protected:
  Found look(const std::string& key, const List& request = {}) {
    boost::asio::io_context context;
    Found out;
    boost::asio::co_spawn(context.get_executor(), find(tiers_, key, request, out),
                          boost::asio::detached);
    context.run();
    return out;
  }
  std::string body_of(const std::string& key, const List& request = {}) {
    const Found found = look(key, request);
    return found.object ? std::string(as_text(found.object->body())) : "nothing";
  }

  Tiers::Response response(const std::string& key, std::string_view body, Tiers::Mark mark) {
    Tiers::Response out;
    out.key = key;
    out.head = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n";
    out.tags = "t1";
    out.body = {as_bytes(body)};
    out.body_bytes = body.size();
    out.meta.status = 200;
    out.meta.stored_ms = kNow;
    out.meta.fresh_until_ms = kNow + 60'000;
    out.meta.purge_seq = mark.purges;
    out.changes = mark.changes;
    return out;
  }
  Tiers::Response variant(const std::string& key, std::string_view body, const List& request) {
    const List vary = {{"Vary", "Accept"}};
    Tiers::Response out = response(key, body, tiers_.mark());
    out.vary = "Accept";
    out.vary_key = cache::vary_key(vary, request).value();
    return out;
  }
  void purge_tag(const std::string& tag) {
    const cache::Purge purge = {.kind = cache::Purge::Kind::kTag, .value = tag};
    purges_->append({&purge, 1});
    cache::purge_memory({&purge, 1}, memory_);
  }

  EdgeParts parts_ = parts();
  Tiers tiers_{parts_};
};

TEST_F(TiersTest, FindsWhatIsStoredWithItsParts) {
  tiers_.store(response("/a", "body", tiers_.mark()));
  const Found found = look("/a");
  EXPECT_EQ(found.kind, Found::Kind::kResponse);
  EXPECT_EQ(found.key, "/a");
  EXPECT_EQ(found.object->etag(), "\"e\"");
  EXPECT_TRUE(found.object->has_tag("t1"));
  EXPECT_EQ(body_of("/a"), "body");
  EXPECT_EQ(look("/b").kind, Found::Kind::kNothing);
}

TEST_F(TiersTest, TakesABodyInPieces) {
  Tiers::Response pieces = response("/a", "", tiers_.mark());
  pieces.body = {as_bytes("one "), as_bytes(""), as_bytes("two")};
  pieces.body_bytes = 7;
  tiers_.store(pieces);
  EXPECT_EQ(body_of("/a"), "one two");
}

TEST_F(TiersTest, FindsTheVariantThatTheRequestMeans) {
  const List png = {{"Accept", "image/png"}};
  const List webp = {{"accept", "image/webp"}};
  tiers_.store(variant("/a", "png", png));
  EXPECT_EQ(body_of("/a", png), "png");
  const Found other = look("/a", webp);
  EXPECT_EQ(other.kind, Found::Kind::kNothing);
  EXPECT_TRUE(other.vary_miss);
  EXPECT_NE(other.key, "/a") << "who fetches it shares it with those of the same variant";
  tiers_.store(variant("/a", "webp", webp));
  EXPECT_EQ(body_of("/a", webp), "webp");
  EXPECT_EQ(body_of("/a", png), "png") << "the marker that is there stays";
  EXPECT_EQ(body_of("/a"), "nothing") << "no Accept is another variant";
}

TEST_F(TiersTest, AChangeTakesAllVariants) {
  const List png = {{"Accept", "image/png"}};
  tiers_.store(variant("/a", "png", png));
  tiers_.invalidate("/a");
  EXPECT_EQ(body_of("/a", png), "nothing");
  tiers_.store(variant("/a", "other", {{"Accept", "x"}}));
  EXPECT_EQ(body_of("/a", png), "nothing") << "a new marker does not find the old one's";
}

TEST_F(TiersTest, WhatWasAskedForBeforeAChangeIsNotKept) {
  const Tiers::Mark before = tiers_.mark();
  tiers_.invalidate("/a");
  EXPECT_FALSE(tiers_.store(response("/a", "old", before)));
  EXPECT_EQ(body_of("/a"), "nothing");
  EXPECT_TRUE(tiers_.store(response("/b", "other", before)));
  EXPECT_TRUE(tiers_.store(response("/a", "new", tiers_.mark())));
  EXPECT_EQ(body_of("/a"), "new");
}

TEST_F(TiersTest, WhatWasAskedForBeforeAPurgeIsNotKept) {
  const Tiers::Mark before = tiers_.mark();
  purge_tag("t1");
  tiers_.store(response("/a", "old", before));
  EXPECT_EQ(body_of("/a"), "nothing");
  tiers_.store(response("/a", "new", tiers_.mark()));
  EXPECT_EQ(body_of("/a"), "new");
}

TEST_F(TiersTest, APassIsRememberedForAWhile) {
  tiers_.remember_pass("/a");
  EXPECT_EQ(look("/a").kind, Found::Kind::kPass);
  clock_.advance(cache_config_.pass_for.count());
  EXPECT_EQ(look("/a").kind, Found::Kind::kNothing);
}

TEST_F(TiersTest, APartIsToldFromAWhole) {
  Tiers::Response part = response("/a", "x", tiers_.mark());
  part.meta.flags = cache::kPartialBody;
  tiers_.store(part);
  EXPECT_EQ(look("/a").kind, Found::Kind::kPart);
}

TEST_F(TiersTest, FindsNothingWhilePurgesMayBeMissing) {
  tiers_.store(response("/a", "body", tiers_.mark()));
  ready_ = false;
  EXPECT_EQ(look("/a").kind, Found::Kind::kNothing);
  ready_ = true;
  EXPECT_EQ(body_of("/a"), "body");
}

}  // namespace
}  // namespace farm::roles
