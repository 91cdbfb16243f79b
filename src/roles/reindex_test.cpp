#include "roles/reindex.h"

#include <gmock/gmock.h>

#include "roles/test_farm.h"

namespace farm::roles {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReindexTest : public ::testing::Test {
 protected:
  Reindexed run() { return reindex(farm_.services(), farm_.writer(), {}).value(); }
  void lose_catalog() {
    farm_.close();
    std::filesystem::remove(farm_.catalog_file());
    farm_.open();
  }
  void expect_row(std::uint64_t id, std::uint32_t version = 1) {
    const auto got = farm_.catalog().get({id});
    ASSERT_TRUE(got) << id;
    const catalog::PhotoRow expected = TestFarm::row(id, version);
    EXPECT_EQ(got.value().version, version);
    EXPECT_EQ(got.value().owner, expected.owner);
    EXPECT_EQ(got.value().title, expected.title);
    EXPECT_EQ(got.value().facts, expected.facts);
    EXPECT_FALSE(got.value().facts.camera.empty());
    EXPECT_EQ(got.value().created_ms, expected.created_ms);
    EXPECT_EQ(got.value().dimensions, expected.dimensions);
    EXPECT_TRUE(got.value().secret.matches(expected.secret));
    EXPECT_TRUE(got.value().original_secret.matches(expected.original_secret));
    ASSERT_EQ(got.value().sizes.size(), expected.sizes.size());
    EXPECT_EQ(got.value().sizes.back().bytes, expected.sizes.back().bytes);
  }

  TestFarm farm_;
};

TEST_F(ReindexTest, MakesALostCatalogAnew) {
  ASSERT_TRUE(farm_.start());
  for (std::uint64_t id = 1; id <= 9; ++id) farm_.add(id);
  farm_.add_record(3, 2);
  ASSERT_TRUE(farm_.catalog().advance(TestFarm::row(3, 2)));
  ASSERT_TRUE(farm_.writer().remove({4}));
  lose_catalog();
  ASSERT_FALSE(farm_.start());

  const Reindexed done = run();
  EXPECT_EQ(done.records, 8U);
  EXPECT_EQ(done.rows_added, 8U);
  for (std::uint64_t id = 1; id <= 9; ++id) {
    if (id != 4) expect_row(id, id == 3 ? 2 : 1);
  }
  EXPECT_EQ(farm_.catalog().get({4}).error().code, ErrorCode::kNotFound);

  const Reindexed again = run();
  EXPECT_EQ(again.records, 8U);
  EXPECT_EQ(again.rows_added + again.rows_caught_up + again.rows_without_record, 0U);
  EXPECT_FALSE(farm_.session().check());
  ASSERT_TRUE(farm_.session().renew());
  farm_.reopen();
  EXPECT_TRUE(farm_.start());
}

TEST_F(ReindexTest, KeepsWhatTheCatalogStillKnows) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  farm_.add(2);
  ASSERT_TRUE(farm_.catalog().patch({1}, {.owner = "grace", .title = "kept"}));
  farm_.add_record(1, 4);  // rows of an old copy are several versions behind
  farm_.add_record(3);
  const Reindexed done = run();
  EXPECT_EQ(done.rows_added, 1U);
  EXPECT_EQ(done.rows_caught_up, 1U);
  const catalog::PhotoRow row = farm_.catalog().get({1}).value();
  EXPECT_EQ(row.version, 4U);
  EXPECT_EQ(row.owner, "grace");
  EXPECT_EQ(row.title, "kept");
  expect_row(3);
}

TEST_F(ReindexTest, FinishesWhatWasBegun) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  ASSERT_TRUE(farm_.catalog().begin_delete({1}));
  ASSERT_TRUE(farm_.catalog().begin_import({2}));
  farm_.add_record(2);
  const Reindexed done = run();
  EXPECT_EQ(done.deletions_finished, 1U);
  EXPECT_EQ(done.rows_added, 1U);
  EXPECT_FALSE(farm_.store().find({1}));
  expect_row(2);
  EXPECT_THAT(farm_.catalog().importing().value(), IsEmpty());
}

TEST_F(ReindexTest, NamesWhatDoesNotAgree) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  ASSERT_TRUE(farm_.catalog().add(TestFarm::row(2), {}));
  farm_.add_record(3);
  ASSERT_TRUE(farm_.catalog().add(TestFarm::row(3, 2), {}));
  const ByteView junk = as_bytes("this is no record");
  ASSERT_TRUE(farm_.store().put({4}, 1, {&junk, 1}));
  const Reindexed done = run();
  EXPECT_EQ(done.rows_without_record, 1U);
  EXPECT_THAT(done.without_record, ElementsAre(PhotoId{2}));
  EXPECT_EQ(done.rows_ahead, 1U);
  EXPECT_THAT(done.ahead, ElementsAre(PhotoId{3}));
  EXPECT_EQ(done.records_unreadable, 1U);
  EXPECT_THAT(done.unreadable, ElementsAre(HasSubstr("photo 4")));
  EXPECT_EQ(farm_.catalog().get({3}).value().version, 2U);
}

// A catalog that takes no more stops the work; the next run does the rest.
TEST_F(ReindexTest, GoesOnWhereItWasCutShort) {
  constexpr std::uint64_t kPhotos = 4500;  // several batches
  for (std::uint64_t id = 1; id <= kPhotos; ++id) farm_.add_record(id);
  std::uint64_t last = 0;
  const auto cut =
      reindex(farm_.services(), farm_.writer(), [&](std::uint64_t done, std::uint64_t) {
        last = done;
        // A row that is there in the meantime makes the batch in hand fail as a whole.
        if (done == 3000) {
          const auto listed =
              farm_.store().scan([&](const store::StoredRecord& record) -> Result<void> {
                const auto versions = farm_.catalog().versions({&record.id, 1});
                if (versions.value()[0] == 0)
                  (void)farm_.catalog().add(TestFarm::row(record.id.value), {});
                return ok();
              });
          EXPECT_TRUE(listed);
        }
      });
  EXPECT_EQ(cut.error().code, ErrorCode::kConflict);
  EXPECT_GE(last, 3000U);
  const Reindexed rest = run();
  EXPECT_EQ(rest.records, kPhotos);
  EXPECT_EQ(farm_.catalog().stats().value().photos, kPhotos);
}

}  // namespace
}  // namespace farm::roles
