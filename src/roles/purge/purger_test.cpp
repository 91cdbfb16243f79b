// The whole way between processes: a Purger here, and servers that follow or are followed.
#include "roles/purge/purger.h"

#include <gtest/gtest.h>

#include <deque>

#include "net/body_buffer.h"
#include "net/query.h"
#include "net/server.h"
#include "roles/purge/purge_json.h"
#include "roles/test_farm.h"

namespace farm::roles {
namespace {

using cache::Purge;
using cache::PurgeLog;
using enum cache::PurgeVerdict;
using State = PurgeReceipt::State;

constexpr std::size_t kAll = 1'000'000;

Purge tag(std::string name) { return {Purge::Kind::kTag, std::move(name)}; }

// Another process: a log, what follows others, and the two endpoints by which logs travel. It can
// be made to fail.
class OtherProcess {
 public:
  explicit OtherProcess(const Clock& clock) : log(PurgeLog::in_memory(clock)) { listen(); }
  ~OtherProcess() { server_->stop(); }

  PurgePeerConfig peer() const { return {"http://" + server_->address(), "the key", ""}; }
  void stop() { server_->stop(); }

  const std::unique_ptr<PurgeLog> log;
  PurgeFollower follower{*log, nullptr};
  // The status that it answers instead of working, if not 0; and for how many requests.
  std::atomic<int> fails_with{0};
  std::atomic<int> failures_left{1 << 30};
  std::atomic<int> requests{0};

 private:
  void listen() {
    net::EndpointTable table;
    table.add({.method = net::Method::kPost,
               .pattern = "/v1/purges/feed",
               .name = "feed",
               .max_body_bytes = kMaxPurgePageJson,
               .handle = [this](net::Exchange& exchange) { return feed(exchange); }});
    table.add({.method = net::Method::kGet,
               .pattern = "/v1/purges",
               .name = "purges",
               .handle = [this](net::Exchange& exchange) { return page(exchange); }});
    net::Config config;
    config.threads = 1;
    server_ = net::Server::start(config, "127.0.0.1:0", std::move(table)).value();
  }

  bool fails() { return fails_with != 0 && failures_left.fetch_sub(1) > 0; }

  io::Task<void> say(net::Exchange& exchange, int status, std::string text) {
    exchange.head().start(status);
    (void)co_await exchange.send(std::string_view(text));
  }
  io::Task<void> feed(net::Exchange& exchange) {
    ++requests;
    const auto body = co_await net::read_whole_body(exchange);
    if (!body) co_return;
    if (exchange.request().find("Authorization") != "Bearer the key") {
      co_return co_await say(exchange, 401, "who are you?");
    }
    if (fails()) co_return co_await say(exchange, fails_with, "broken");
    const auto got = parse_purge_page(as_text(body.value().view()));
    if (!got) co_return co_await say(exchange, 400, got.error().context);
    const auto known = follower.apply(got.value());
    if (!known) co_return co_await say(exchange, 500, known.error().context);
    co_await say(exchange, 200, purge_known_json(known.value()));
  }
  io::Task<void> page(net::Exchange& exchange) {
    ++requests;
    if (fails()) co_return co_await say(exchange, fails_with, "broken");
    const auto query = net::Query::parse(exchange.request().query);
    const std::uint64_t after = *parse_purge_number(query.value().find("after").value());
    const std::uint64_t limit = *parse_purge_number(query.value().find("limit").value());
    co_await say(exchange, 200,
                 purge_page_json(log->page(after, std::min<std::size_t>(limit, 10), kAll)));
  }

  std::unique_ptr<net::Server> server_;
};

class PurgerTest : public ::testing::Test {
 protected:
  PurgerTest() {
    config_.poll = std::chrono::milliseconds(5);
    config_.retry_max = std::chrono::milliseconds(5);
    config_.wait = std::chrono::seconds(30);
  }
  Purger& make() {
    purger_.reset();
    purger_ = std::make_unique<Purger>(config_, *log_, &tier_, 4);
    purger_->start();
    return *purger_;
  }
  OtherProcess& add_process() {
    others_.push_back(std::make_unique<OtherProcess>(clock_));
    return *others_.back();
  }
  PurgeReceipt purge(const Purge& purge) {
    const Purger::Begun begun = purger_->begin({&purge, 1});
    EXPECT_TRUE(begun.durable);
    return purger_->await(begun.id).value();
  }
  // Ends by success, or by the test's own time limit.
  template <class Condition>
  static void until(const Condition& holds) {
    while (!holds()) std::this_thread::yield();
  }

  FakeClock clock_{1'000};
  std::unique_ptr<PurgeLog> log_ = PurgeLog::in_memory(clock_);
  cache::MemoryTier tier_{{.capacity_bytes = 1 << 20, .secret = {1, 2}}};
  std::deque<std::unique_ptr<OtherProcess>> others_;
  PurgeConfig config_;
  std::unique_ptr<Purger> purger_;
};

TEST_F(PurgerTest, PurgesMemoryHere) {
  make();
  tier_.insert(cache::ObjectDraft({.key = "/a", .tags = "p1", .head = "head"}));
  tier_.insert(cache::ObjectDraft({.key = "/b", .tags = "p2", .head = "head"}));
  const std::uint64_t before = log_->last();
  const PurgeReceipt receipt = purge(tag("p1"));
  EXPECT_EQ(receipt.memory_objects, 1U);
  EXPECT_EQ(receipt.id, log_->last());
  EXPECT_TRUE(receipt.edges.empty());
  EXPECT_FALSE(tier_.find("/a"));
  EXPECT_TRUE(tier_.find("/b"));
  EXPECT_EQ(log_->judge("/a", "p1", before), kGone);
  EXPECT_TRUE(purger_->ready());
  EXPECT_EQ(purger_->receipt(receipt.id).value().purges, 1U);
  EXPECT_EQ(purger_->receipt(7).error().code, ErrorCode::kNotFound);
}

TEST_F(PurgerTest, EveryEdgeHears) {
  for (int i = 0; i < 3; ++i) config_.edges.push_back(add_process().peer());
  make();
  const PurgeReceipt receipt = purge(tag("p1"));
  ASSERT_EQ(receipt.edges.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(receipt.edges[i].state, State::kDone);
    EXPECT_EQ(receipt.edges[i].edge, others_[i]->peer().url);
    EXPECT_EQ(others_[i]->log->judge("/", "p1", others_[i]->log->last() - 1), kGone);
    EXPECT_EQ(others_[i]->follower.known(log_->id()), receipt.id);
  }
}

TEST_F(PurgerTest, AFailingEdgeIsTriedUntilItHears) {
  OtherProcess& edge = add_process();
  config_.edges.push_back(edge.peer());
  edge.fails_with = 503;
  make();
  PurgeReceipt receipt = purge(tag("p1"));
  EXPECT_EQ(receipt.edges[0].state, State::kPending);
  EXPECT_NE(receipt.edges[0].error.find("503: broken"), std::string::npos)
      << receipt.edges[0].error;
  until([&] { return purger_->receipt(receipt.id).value().edges[0].tries >= 3; });
  edge.fails_with = 0;
  until([&] { return purger_->receipt(receipt.id).value().edges[0].state == State::kDone; });
  EXPECT_EQ(purger_->receipt(receipt.id).value().edges[0].error, "");
  EXPECT_EQ(edge.log->judge("/", "p1", edge.log->last() - 1), kGone);
  EXPECT_EQ(purge(tag("p2")).edges[0].state, State::kDone);
}

TEST_F(PurgerTest, ARefusalIsTold) {
  OtherProcess& edge = add_process();
  config_.edges.push_back(edge.peer());
  config_.edges[0].key = "another";
  make();
  const PurgeReceipt receipt = purge(tag("p1"));
  EXPECT_EQ(receipt.edges[0].state, State::kFailed);
  EXPECT_NE(receipt.edges[0].error.find("401: who are you?"), std::string::npos);
  config_.edges[0].key.clear();
  config_.edges[0].key_file = "/nowhere/key";
  make();
  EXPECT_NE(purge(tag("p2")).edges[0].error.find("/nowhere/key"), std::string::npos);
}

TEST_F(PurgerTest, NobodyThereIsPending) {
  config_.edges.push_back(add_process().peer());
  others_[0]->stop();
  make();
  EXPECT_EQ(purge(tag("p1")).edges[0].state, State::kPending);
  purger_->stop();
}

TEST_F(PurgerTest, WhatAnEdgeMissedItHearsAfterARestart) {
  OtherProcess& edge = add_process();
  config_.edges.push_back(edge.peer());
  make();
  EXPECT_EQ(purge(tag("p0")).edges[0].state, State::kDone);
  edge.fails_with = 500;
  for (int i = 1; i <= 2500; ++i) {
    const Purge one = tag("p" + std::to_string(i));
    ASSERT_TRUE(purger_->begin({&one, 1}).durable);
  }
  make();  // it knows nothing of what the edge knows
  edge.fails_with = 0;
  until([&] { return edge.follower.known(log_->id()) == log_->last(); });
  EXPECT_EQ(edge.log->stats().purges, 2502U) << "all of them, and that of everything at first";
  EXPECT_EQ(edge.follower.resets(), 1U);
}

TEST_F(PurgerTest, AnEdgeThatLostItsLogIsToldEverything) {
  OtherProcess& edge = add_process();
  config_.edges.push_back(edge.peer());
  make();
  for (int i = 0; i < 10; ++i) purge(tag("p" + std::to_string(i)));
  OtherProcess& fresh = add_process();
  config_.edges[0] = fresh.peer();
  make();
  EXPECT_EQ(purge(tag("p10")).edges[0].state, State::kDone);
  EXPECT_EQ(fresh.log->stats().purges, 12U);
}

TEST_F(PurgerTest, IsNotReadyBeforeItHasCaughtUp) {
  OtherProcess& source = add_process();
  config_.from.push_back(source.peer());
  source.fails_with = 503;
  for (int i = 0; i < 25; ++i) {  // three pages
    const Purge one = tag("p" + std::to_string(i));
    ASSERT_TRUE(source.log->append({&one, 1}).durable);
  }
  tier_.insert(cache::ObjectDraft({.key = "/a", .tags = "x", .head = "head"}));
  make();
  until([&] { return source.requests >= 3; });
  EXPECT_FALSE(purger_->ready());
  source.fails_with = 0;
  until([&] { return purger_->ready(); });
  EXPECT_EQ(purger_->follower().known(source.log->id()), source.log->last());
  EXPECT_FALSE(tier_.find("/a")) << "what was missed before the first contact is not known";
  EXPECT_EQ(log_->stats().purges, 26U);
}

TEST_F(PurgerTest, PollingHealsWhatNobodyPushed) {
  OtherProcess& source = add_process();
  config_.from.push_back(source.peer());
  make();
  until([&] { return purger_->ready(); });
  tier_.insert(cache::ObjectDraft({.key = "/a", .tags = "p1", .head = "head"}));
  tier_.insert(cache::ObjectDraft({.key = "/b", .tags = "p2", .head = "head"}));
  source.fails_with = 500;
  source.failures_left = 3;
  const Purge one = tag("p1");
  ASSERT_TRUE(source.log->append({&one, 1}).durable);
  until([&] { return !tier_.find("/a"); });
  EXPECT_TRUE(tier_.find("/b"));
  EXPECT_TRUE(purger_->ready());
}

TEST_F(PurgerTest, TwinsThatTellEachOtherGoInNoCircle) {
  OtherProcess& twin = add_process();
  config_.edges.push_back(twin.peer());
  config_.from.push_back(twin.peer());
  make();
  until([&] { return purger_->ready(); });
  const std::uint64_t resets = purger_->follower().resets();
  for (int i = 0; i < 5; ++i) purge(tag("p" + std::to_string(i)));
  const Purge there = tag("q");
  ASSERT_TRUE(twin.log->append({&there, 1}).durable);
  until([&] { return purger_->follower().known(twin.log->id()) == twin.log->last(); });
  EXPECT_EQ(purger_->follower().purges(), resets + 1);
  EXPECT_EQ(twin.follower.purges(), 5U + twin.follower.resets());
}

TEST_F(PurgerTest, FiguresComeFromEveryPart) {
  config_.edges.push_back(add_process().peer());
  config_.from.push_back(add_process().peer());
  make();
  purge(tag("p1"));
  until([&] { return purger_->ready(); });
  obs::Metrics metrics;
  metrics.collect([&](obs::Samples& out) { purger_->collect(out); });
  const std::string text = metrics.scrape();
  for (const char* figure :
       {"photofarm_purges_total{from=\"here\"} 1", "photofarm_purges_total{from=\"others\"} 1",
        "photofarm_purge_push_failures_total{edge=", "photofarm_purge_caught_up{process=",
        "photofarm_purge_log_purges 2"}) {
    EXPECT_NE(text.find(figure), std::string::npos) << figure << "\n" << text;
  }
}

// A photo's changes purge its tag, before the catalog says that they are done.
class PhotoPurgeTest : public PurgerTest {
 protected:
  std::vector<std::string> tags_since(std::uint64_t number) const {
    std::vector<std::string> tags;
    for (const auto& entry : log_->page(number, kAll, kAll).purges) {
      EXPECT_EQ(entry.purge.kind, Purge::Kind::kTag);
      EXPECT_FALSE(entry.purge.soft);
      tags.push_back(entry.purge.value);
    }
    return tags;
  }

  TestFarm farm_;
};

TEST_F(PhotoPurgeTest, DeletesAndNewSecretsPurgeTheTag) {
  ASSERT_TRUE(farm_.start());
  farm_.add(5);
  farm_.add(6);
  farm_.services().purger = &make();
  const std::uint64_t before = log_->last();
  const auto changed = farm_.writer().rotate_secrets({5});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed.value().purge, log_->last());
  EXPECT_EQ(tags_since(before), std::vector<std::string>{"p5"});
  const auto removed = farm_.writer().remove({6});
  ASSERT_TRUE(removed);
  EXPECT_EQ(tags_since(changed.value().purge), std::vector<std::string>{"p6"});
  EXPECT_EQ(removed.value(), log_->last());
  ASSERT_FALSE(farm_.writer().remove({6}));
  EXPECT_EQ(log_->last(), removed.value()) << "what is not there is not purged";
}

TEST_F(PhotoPurgeTest, AStartFinishesThePurgesToo) {
  ASSERT_TRUE(farm_.start());
  farm_.add(5);
  farm_.add(6);
  farm_.add_record(6, 2);  // the row was not written
  ASSERT_TRUE(farm_.catalog().begin_delete({5}));
  ASSERT_TRUE(farm_.store().remove({5}));
  farm_.reopen();
  farm_.services().purger = &make();
  const std::uint64_t before = log_->last();
  ASSERT_TRUE(farm_.start());
  std::vector<std::string> tags = tags_since(before);
  std::ranges::sort(tags);
  EXPECT_EQ(tags, (std::vector<std::string>{"p5", "p6"}));
}

TEST_F(PhotoPurgeTest, ALogThatCannotBeWrittenDoesNotStopADelete) {
  io::FakeFileSystem disk;
  ASSERT_TRUE(disk.make_directories("/data"));
  log_ = PurgeLog::open(disk, "/data/purge.log", clock_).value();
  ASSERT_TRUE(farm_.start());
  farm_.add(5);
  farm_.services().purger = &make();
  disk.inject({.call = io::Call::kWrite, .nth = 1, .error_number = ENOSPC, .lasting = true});
  const std::uint64_t before = log_->last();
  ASSERT_TRUE(farm_.writer().remove({5}));
  EXPECT_EQ(log_->judge("/", "p5", before), kGone);
  purger_.reset();
}

}  // namespace
}  // namespace farm::roles
