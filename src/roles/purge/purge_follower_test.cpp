#include "roles/purge/purge_follower.h"

#include <gtest/gtest.h>

namespace farm::roles {
namespace {

using cache::Purge;
using cache::PurgeLog;
using cache::PurgePage;
using enum cache::PurgeVerdict;

constexpr std::size_t kAll = 1'000'000;

class PurgeFollowerTest : public ::testing::Test {
 protected:
  PurgeFollowerTest() { put("/kept", "p9"); }

  void put(std::string_view key, std::string_view tags) {
    tier_.insert(cache::ObjectDraft({.key = key, .tags = tags, .head = "head"}));
  }
  std::uint64_t purge(const Purge& purge) { return source_->append({&purge, 1}).number; }
  PurgePage page(std::uint64_t after, std::size_t most = kAll) const {
    return source_->page(after, most, kAll);
  }

  FakeClock clock_{1'000};
  std::unique_ptr<PurgeLog> source_ = PurgeLog::in_memory(clock_);
  std::unique_ptr<PurgeLog> log_ = PurgeLog::in_memory(clock_);
  cache::MemoryTier tier_{{.capacity_bytes = 1 << 20, .secret = {1, 2}}};
  PurgeFollower follower_{*log_, &tier_};
};

TEST_F(PurgeFollowerTest, FirstContactPurgesWhatMayHaveBeenMissed) {
  const std::uint64_t before = log_->last();
  EXPECT_EQ(follower_.apply(page(0)).value(), source_->last());
  EXPECT_FALSE(tier_.find("/kept"));
  EXPECT_EQ(log_->judge("/other", "", before), kGone);
  EXPECT_EQ(follower_.resets(), 1U);
}

TEST_F(PurgeFollowerTest, AppliesWhatIsNew) {
  ASSERT_TRUE(follower_.apply(page(0)));
  put("/kept", "p9");
  put("/gone", "p1");
  put("/soft", "p2");
  const std::uint64_t before = log_->last();
  const std::uint64_t known = source_->last();
  purge({Purge::Kind::kTag, "p1"});
  const std::uint64_t last = purge({Purge::Kind::kTag, "p2", true});
  EXPECT_EQ(follower_.apply(page(known)).value(), last);
  EXPECT_TRUE(tier_.find("/kept"));
  EXPECT_FALSE(tier_.find("/gone"));
  EXPECT_TRUE(tier_.find("/soft")->expired());
  EXPECT_EQ(log_->judge("/gone", "p1", before), kGone);
  EXPECT_EQ(log_->judge("/soft", "p2", before), kStale);
  EXPECT_EQ(follower_.purges(), 3U) << "with that of everything";
  EXPECT_EQ(follower_.known(source_->id()), last);
  EXPECT_TRUE(log_->page(0, kAll, kAll).purges.empty()) << "they are not passed on";

  put("/gone", "p1");
  EXPECT_EQ(follower_.apply(page(known)).value(), last);
  EXPECT_TRUE(tier_.find("/gone")) << "the same page again says nothing new";
}

TEST_F(PurgeFollowerTest, AGapIsNotSteppedOver) {
  ASSERT_TRUE(follower_.apply(page(0)));
  const std::uint64_t known = source_->last();
  put("/1", "p1");
  const std::uint64_t first = purge({Purge::Kind::kTag, "p1"});
  const std::uint64_t second = purge({Purge::Kind::kTag, "p2"});
  EXPECT_EQ(follower_.apply(page(first)).value(), known);
  EXPECT_TRUE(tier_.find("/1"));
  EXPECT_EQ(follower_.apply(page(known, 1)).value(), first);
  EXPECT_FALSE(tier_.find("/1"));
  EXPECT_EQ(follower_.apply(page(first)).value(), second);
}

TEST_F(PurgeFollowerTest, WhatTheSourceForgotPurgesEverything) {
  source_ = PurgeLog::in_memory(clock_, {.max_purges = 2});
  ASSERT_TRUE(follower_.apply(page(0)));
  const std::uint64_t known = source_->last();
  for (int i = 0; i < 3; ++i) purge({Purge::Kind::kTag, "soft" + std::to_string(i), true});
  put("/x", "");
  ASSERT_TRUE(follower_.apply(page(known)));
  EXPECT_TRUE(tier_.find("/x")->expired()) << "only soft ones were forgotten";
  for (int i = 0; i < 3; ++i) purge({Purge::Kind::kTag, "hard" + std::to_string(i)});
  ASSERT_TRUE(follower_.apply(page(known + 3)));
  EXPECT_FALSE(tier_.find("/x"));
  EXPECT_EQ(follower_.resets(), 3U);
}

TEST_F(PurgeFollowerTest, ALostLogIsNoticed) {
  ASSERT_TRUE(follower_.apply(page(0)));
  put("/x", "");
  clock_.advance(1000);
  source_ = PurgeLog::in_memory(clock_);
  ASSERT_TRUE(follower_.apply(page(0)));
  EXPECT_FALSE(tier_.find("/x"));
}

TEST_F(PurgeFollowerTest, DoesNotFollowItself) {
  EXPECT_EQ(follower_.apply(log_->page(0, kAll, kAll)).error().code, ErrorCode::kConflict);
}

}  // namespace
}  // namespace farm::roles
