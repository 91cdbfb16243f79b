#include "roles/purge/purge_receipts.h"

#include <gtest/gtest.h>

#include <thread>

namespace farm::roles {
namespace {

using State = PurgeReceipt::State;

constexpr std::chrono::seconds kLong{60};

Result<std::uint64_t> knows(std::uint64_t number) { return number; }
Result<std::uint64_t> broken(ErrorCode code = ErrorCode::kUnavailable) {
  return fail(code, "test", "it is down");
}

TEST(PurgeReceiptsTest, TellWhoHasHeard) {
  PurgeReceipts receipts({"a", "b"}, 10);
  receipts.add(5, 2, 7);
  PurgeReceipt receipt = receipts.find(5).value();
  EXPECT_EQ(receipt.id, 5U);
  EXPECT_EQ(receipt.purges, 2U);
  EXPECT_EQ(receipt.memory_objects, 7U);
  ASSERT_EQ(receipt.edges.size(), 2U);
  EXPECT_EQ(receipt.edges[0].edge, "a");
  EXPECT_EQ(receipt.edges[0].state, State::kPending);
  EXPECT_EQ(receipt.edges[0].tries, 0U);

  receipts.tried(0, 5, knows(5));
  receipts.tried(1, 5, broken());
  receipts.tried(1, 5, broken());
  receipt = receipts.find(5).value();
  EXPECT_EQ(receipt.edges[0].state, State::kDone);
  EXPECT_EQ(receipt.edges[0].tries, 1U);
  EXPECT_EQ(receipt.edges[1].state, State::kPending);
  EXPECT_EQ(receipt.edges[1].tries, 2U);
  EXPECT_EQ(receipt.edges[1].error, "it is down");

  receipts.tried(1, 5, broken(ErrorCode::kForbidden));
  EXPECT_EQ(receipts.find(5)->edges[1].state, State::kFailed);
  receipts.tried(1, 5, knows(4));
  EXPECT_EQ(receipts.find(5)->edges[1].state, State::kPending)
      << "it answers, and knows too little";
  receipts.tried(1, 9, knows(9));
  EXPECT_EQ(receipts.find(5)->edges[1].state, State::kDone);
  EXPECT_EQ(receipts.find(5)->edges[1].tries, 5U);
  EXPECT_EQ(receipts.find(5)->edges[1].error, "");
}

TEST(PurgeReceiptsTest, AnAttemptCountsForWhatItSent) {
  PurgeReceipts receipts({"a"}, 10);
  receipts.add(5, 1, 0);
  receipts.add(6, 1, 0);
  receipts.tried(0, 5, broken());
  EXPECT_EQ(receipts.find(5)->edges[0].tries, 1U);
  EXPECT_EQ(receipts.find(6)->edges[0].tries, 0U);
  EXPECT_EQ(receipts.find(6)->edges[0].error, "it is down") << "but why it is not told, is told";
}

TEST(PurgeReceiptsTest, AnEdgeMayBeQuickerThanItsReceipt) {
  PurgeReceipts receipts({"a"}, 10);
  receipts.tried(0, 5, knows(5));
  receipts.add(5, 1, 0);
  receipts.add(6, 1, 0);
  EXPECT_EQ(receipts.find(5)->edges[0].state, State::kDone);
  EXPECT_EQ(receipts.find(6)->edges[0].state, State::kPending);
}

TEST(PurgeReceiptsTest, OnlyTheNewestAreKept) {
  PurgeReceipts receipts({}, 3);
  for (std::uint64_t id = 1; id <= 5; ++id) receipts.add(id, 1, 0);
  EXPECT_FALSE(receipts.find(2));
  EXPECT_TRUE(receipts.find(3) && receipts.find(5));
  EXPECT_FALSE(receipts.await(2, kLong));
}

// With patience for a minute, these end only because there is nothing left to wait for.
TEST(PurgeReceiptsTest, WaitsForThoseThatMayHear) {
  PurgeReceipts receipts({"a", "b"}, 10);
  receipts.tried(1, 0, broken());
  receipts.add(5, 1, 0);
  std::thread edge([&] { receipts.tried(0, 5, knows(5)); });
  const PurgeReceipt receipt = receipts.await(5, kLong).value();
  edge.join();
  EXPECT_EQ(receipt.edges[0].state, State::kDone);
  EXPECT_EQ(receipt.edges[1].state, State::kPending) << "nobody waits for one that is in trouble";
  EXPECT_EQ(receipt.edges[1].error, "it is down") << "and its trouble is told";
  EXPECT_EQ(receipt.edges[1].tries, 0U);
  receipts.add(6, 1, 0);
  receipts.tried(0, 6, broken());
  EXPECT_EQ(receipts.await(6, kLong)->edges[0].state, State::kPending);
}

TEST(PurgeReceiptsTest, DoesNotWaitForEver) {
  PurgeReceipts receipts({"a"}, 10);
  receipts.add(5, 1, 0);
  EXPECT_EQ(receipts.await(5, std::chrono::milliseconds(1))->edges[0].state, State::kPending);
  PurgeReceipts none({}, 10);
  none.add(5, 1, 0);
  EXPECT_TRUE(none.await(5, kLong));
}

}  // namespace
}  // namespace farm::roles
