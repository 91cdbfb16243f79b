#include "cache/fills.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace farm::cache {
namespace {

TEST(FillsTest, TheFirstStartsAndTheOthersJoin) {
  Fills fills({}, 4);
  const auto first = fills.join("/a");
  const auto second = fills.join("/a");
  const auto other = fills.join("/b");
  EXPECT_TRUE(first.started);
  EXPECT_FALSE(second.started);
  EXPECT_EQ(first.fill, second.fill);
  EXPECT_TRUE(other.started);
  EXPECT_EQ(fills.running(), 2U);
  fills.ended("/a", first.fill);
  EXPECT_EQ(fills.running(), 1U);
  EXPECT_TRUE(fills.join("/a").started);
}

TEST(FillsTest, ThereAreNoMoreThanSoMany) {
  Fills fills({}, 2);
  const auto a = fills.join("/a");
  const auto b = fills.join("/b");
  EXPECT_EQ(fills.join("/c").fill, nullptr);
  EXPECT_EQ(fills.join("/a").fill, a.fill) << "to join takes no place";
  fills.hide("/a", *a.fill);
  EXPECT_EQ(fills.join("/c").fill, nullptr) << "a hidden one runs as well";
  fills.ended("/a", a.fill);
  EXPECT_TRUE(fills.join("/c").started);
}

// A thousand clients that take private answers slowly, and nothing could be fetched any more.
TEST(FillsTest, OneThatPassesTakesNoPlace) {
  Fills fills({}, 1);
  const auto slow = fills.join("/a");
  fills.pass("/a", *slow.fill);
  const auto next = fills.join("/a");
  EXPECT_TRUE(next.started);
  EXPECT_EQ(fills.join("/b").fill, nullptr);
  EXPECT_EQ(fills.running(), 2U);
  fills.pass("/a", *slow.fill);
  fills.ended("/a", slow.fill);
  EXPECT_EQ(fills.running(), 1U);
  EXPECT_EQ(fills.join("/a").fill, next.fill);

  Fills stopping({}, 1);
  const auto passing = stopping.join("/a");
  stopping.pass("/a", *passing.fill);
  stopping.fail_all(make_error(ErrorCode::kUnavailable, "test", "stopping"));
  EXPECT_EQ(stopping.running(), 0U);
}

TEST(FillsTest, NobodyJoinsAHiddenOneAndItsEndLeavesItsSuccessorAlone) {
  Fills fills({}, 4);
  const auto old = fills.join("/a");
  fills.hide("/a", *old.fill);
  const auto next = fills.join("/a");
  EXPECT_TRUE(next.started);
  fills.hide("/a", *old.fill);
  fills.ended("/a", old.fill);
  EXPECT_EQ(fills.join("/a").fill, next.fill);
  EXPECT_EQ(fills.running(), 1U);
}

TEST(FillsTest, SpoilsAllVariantsOfAKeyAndNothingElse) {
  Fills fills({}, 8);
  FillHead head;
  head.stored = true;
  const auto whole = fills.join("/a");
  const auto variant = fills.join("/a\n0.1\naccept:x\n");
  const auto longer = fills.join("/a/b");
  const auto query = fills.join("/a?b");
  for (const auto& one : {whole, variant, longer, query}) one.fill->set_head(head);
  fills.spoil("/a");
  EXPECT_FALSE(whole.fill->kept());
  EXPECT_FALSE(variant.fill->kept());
  EXPECT_TRUE(longer.fill->kept());
  EXPECT_TRUE(query.fill->kept());
  EXPECT_TRUE(fills.join("/a").started);
  EXPECT_TRUE(fills.join("/a\n0.1\naccept:x\n").started);
  EXPECT_FALSE(fills.join("/a/b").started);
}

TEST(FillsTest, AtTheEndAllAreTold) {
  Fills fills({}, 8);
  const auto a = fills.join("/a");
  const auto b = fills.join("/b");
  fills.hide("/b", *b.fill);
  fills.fail_all(make_error(ErrorCode::kUnavailable, "test", "stopping"));
  EXPECT_EQ(fills.running(), 0U);
  fills.ended("/a", a.fill);  // its producer may come to its end still
  EXPECT_EQ(fills.running(), 0U);
}

TEST(FillsTest, OfManyThreadsOneStarts) {
  Fills fills({}, 64);
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> started{0};
    std::vector<std::shared_ptr<Fill>> got(4);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < got.size(); ++i) {
      threads.emplace_back([&, i] {
        const auto joined = fills.join("/a");
        got[i] = joined.fill;
        if (joined.started) ++started;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(started.load(), 1);
    for (const auto& fill : got) EXPECT_EQ(fill, got[0]);
    fills.ended("/a", got[0]);
  }
}

}  // namespace
}  // namespace farm::cache
