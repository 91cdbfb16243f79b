#include "roles/reconcile.h"

#include <gmock/gmock.h>

#include "roles/test_farm.h"

namespace farm::roles {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReconcileTest : public ::testing::Test {
 protected:
  std::uint32_t version_in_catalog(std::uint64_t id) {
    const PhotoId asked{id};
    return farm_.catalog().versions({&asked, 1}).value()[0];
  }

  TestFarm farm_;
};

TEST_F(ReconcileTest, ANewFarmHasNothingToSettle) {
  const Reconciled done = farm_.start().value();
  EXPECT_EQ(done.records, 0U);
  EXPECT_EQ(done.orphans_removed + done.rows_added + done.rows_without_record, 0U);
}

TEST_F(ReconcileTest, AnUploadThatWasNeverAcknowledgedIsRemoved) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  farm_.add_record(2);
  farm_.reopen();
  const Reconciled done = farm_.start().value();
  EXPECT_EQ(done.records, 2U);
  EXPECT_EQ(done.orphans_removed, 1U);
  EXPECT_TRUE(farm_.store().find({1}));
  EXPECT_FALSE(farm_.store().find({2}));
}

TEST_F(ReconcileTest, AnImportThatWasCutShortGetsItsRow) {
  ASSERT_TRUE(farm_.start());
  ASSERT_TRUE(farm_.catalog().begin_import({1}));
  ASSERT_TRUE(farm_.catalog().begin_import({2}));  // got no further
  farm_.add_record(1);
  farm_.add_record(3);
  farm_.reopen();
  const Reconciled done = farm_.start().value();
  EXPECT_EQ(done.rows_added, 1U);
  EXPECT_EQ(done.orphans_removed, 1U);
  EXPECT_EQ(done.rows_without_record, 0U);
  EXPECT_EQ(version_in_catalog(1), 1U);
  EXPECT_THAT(farm_.catalog().importing().value(), IsEmpty());
}

TEST_F(ReconcileTest, ARowCatchesUpOverSeveralVersions) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  ASSERT_TRUE(farm_.catalog().patch({1}, {.title = "mine"}));
  farm_.add_record(1, 2);
  farm_.add_record(1, 5);
  farm_.reopen();
  EXPECT_EQ(farm_.start().value().rows_caught_up, 1U);
  const catalog::PhotoRow row = farm_.catalog().get({1}).value();
  EXPECT_EQ(row.version, 5U);
  EXPECT_EQ(row.title, "mine");
  EXPECT_TRUE(row.secret.matches(TestFarm::row(1, 5).secret));
}

TEST_F(ReconcileTest, ADeletionIsFinished) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  farm_.add(2);
  ASSERT_TRUE(farm_.catalog().begin_delete({1}));
  farm_.reopen();
  const Reconciled done = farm_.start().value();
  EXPECT_EQ(done.deletions_finished, 1U);
  EXPECT_EQ(done.rows_without_record, 0U);
  EXPECT_FALSE(farm_.store().find({1}));
  EXPECT_EQ(version_in_catalog(1), 0U);
}

TEST_F(ReconcileTest, ARowWithoutARecordIsReportedAndStays) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  ASSERT_TRUE(farm_.catalog().add(TestFarm::row(2), {}));
  farm_.reopen();
  EXPECT_EQ(farm_.start().value().rows_without_record, 1U);
  EXPECT_EQ(version_in_catalog(2), 1U);
}

// What no crash leaves: bytes that are no record, where a row is missing.
TEST_F(ReconcileTest, ARecordThatCannotBeReadIsKept) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  const ByteView junk = as_bytes("this is no record, but perhaps somebody can make one of it");
  ASSERT_TRUE(farm_.store().put({2}, 1, {&junk, 1}));
  for (int life = 0; life < 2; ++life) {
    farm_.reopen();
    const Reconciled done = farm_.start().value();
    EXPECT_EQ(done.orphans_kept, 1U);
    EXPECT_EQ(done.orphans_removed, 0U);
    EXPECT_TRUE(farm_.store().find({2}));
  }
}

TEST_F(ReconcileTest, MoreThanACrashCanLeaveIsRefused) {
  ASSERT_TRUE(farm_.start());
  for (std::uint64_t id = 1; id <= kMaxOrphans + 1; ++id) farm_.add_record(id);
  farm_.reopen();
  const auto started = farm_.start();
  EXPECT_EQ(started.error().code, ErrorCode::kConflict);
  EXPECT_THAT(started.error().context, HasSubstr("1025 of 1025 photos"));
  EXPECT_EQ(farm_.store().stats().photos, kMaxOrphans + 1);
}

// From before there were ties: the start is as it was, but that nothing is removed.
TEST_F(ReconcileTest, AFarmThatNeverHadATieStarts) {
  farm_.add(1);
  farm_.add(2);
  farm_.add_record(3);
  const Reconciled done = farm_.start().value();
  EXPECT_EQ(done.rows_added, 1U);
  EXPECT_EQ(done.orphans_removed, 0U);
  EXPECT_EQ(done.rows_without_record, 0U);
  EXPECT_EQ(version_in_catalog(3), 1U);
  farm_.add_record(4);
  farm_.reopen();
  EXPECT_EQ(farm_.start().value().orphans_removed, 1U) << "from now on the tie holds";
}

TEST_F(ReconcileTest, AStoreOfWhichTheCatalogKnowsNothingIsRefused) {
  farm_.add_record(1);
  const auto started = farm_.start();
  EXPECT_EQ(started.error().code, ErrorCode::kConflict);
  EXPECT_THAT(started.error().context, HasSubstr("photofarm reindex"));
  EXPECT_TRUE(farm_.store().find({1}));
}

}  // namespace
}  // namespace farm::roles
