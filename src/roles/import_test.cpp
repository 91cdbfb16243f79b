// Taking in records: PhotoWriter::import_record and the check before it.
#include <gmock/gmock.h>

#include "roles/records_api.h"
#include "roles/reindex.h"
#include "roles/test_farm.h"

namespace farm::roles {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ImportTest : public ::testing::Test {
 protected:
  Result<PhotoWriter::Imported> import(std::uint64_t id, std::uint32_t version = 1) {
    return import_bytes(TestFarm::record(id, version));
  }
  Result<PhotoWriter::Imported> import_bytes(const Bytes& bytes) {
    FARM_TRY(const photo::RecordView record, check_whole_record(bytes));
    return farm_.writer().import_record(record, bytes);
  }
  Bytes stored(std::uint64_t id) {
    Bytes bytes(farm_.store().find({id})->bytes);
    EXPECT_TRUE(farm_.store().read({id}, 0, 0, bytes));
    return bytes;
  }

  TestFarm farm_;
};

TEST_F(ImportTest, KeepsTheRecordAsItIs) {
  ASSERT_TRUE(farm_.start());
  const auto imported = import(5, 3);
  ASSERT_TRUE(imported) << imported.error().message();
  EXPECT_TRUE(imported.value().stored);
  EXPECT_TRUE(stored(5) == TestFarm::record(5, 3));
  const catalog::PhotoRow row = farm_.catalog().get({5}).value();
  EXPECT_EQ(row.version, 3U);
  EXPECT_EQ(row.owner, "somebody");
  EXPECT_TRUE(row.secret.matches(TestFarm::row(5, 3).secret));
  EXPECT_THAT(farm_.catalog().importing().value(), IsEmpty());
}

TEST_F(ImportTest, AgainIsNothingNew) {
  ASSERT_TRUE(farm_.start());
  ASSERT_TRUE(import(5));
  ASSERT_TRUE(farm_.catalog().patch({5}, {.title = "changed here"}));
  const auto again = import(5);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again.value().stored);
  EXPECT_EQ(again.value().row.title, "changed here");
  // Exported with other labels: the same photo all the same.
  const Bytes whole = TestFarm::record(5);
  const photo::RecordView view = photo::RecordView::parse(whole).value();
  Bytes relabelled =
      photo::relabel(view, {photo::Visibility::kPrivate, "grace", "another title"}).value();
  relabelled.insert(relabelled.end(),
                    whole.begin() + static_cast<std::ptrdiff_t>(view.header_bytes()), whole.end());
  EXPECT_FALSE(import_bytes(relabelled).value().stored);
  EXPECT_EQ(record_tag(photo::RecordView::parse(relabelled).value()), record_tag(view));
}

TEST_F(ImportTest, TagsTellRecordsApart) {
  const auto tag = [](const Bytes& bytes) {
    return record_tag(photo::RecordView::parse(bytes).value());
  };
  const std::string one = tag(TestFarm::record(5));
  EXPECT_THAT(one, ::testing::MatchesRegex("\"1-[0-9a-f]{16}\""));
  EXPECT_EQ(tag(TestFarm::record(5)), one);
  EXPECT_NE(tag(TestFarm::record(5, 2)), one);
  EXPECT_NE(tag(store::SampleRecord({5}, 1, 2999).whole()), one);
  EXPECT_NE(tag(TestFarm::record(6)), one);
}

TEST_F(ImportTest, AnotherVersionIsAConflict) {
  ASSERT_TRUE(farm_.start());
  ASSERT_TRUE(import(5, 3));
  for (const std::uint32_t version : {1U, 2U, 4U}) {
    const auto refused = import(5, version);
    EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
    EXPECT_THAT(refused.error().context, HasSubstr("already as version 3"));
  }
  EXPECT_TRUE(stored(5) == TestFarm::record(5, 3));
}

TEST_F(ImportTest, TheSameVersionWithOtherBytesIsAConflict) {
  ASSERT_TRUE(farm_.start());
  const store::SampleRecord other({5}, 1, 4000);
  ASSERT_TRUE(import_bytes(other.whole()));
  const auto refused = import(5);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_THAT(refused.error().context, HasSubstr("other bytes"));
}

TEST_F(ImportTest, ADeletedPhotoStaysDeleted) {
  ASSERT_TRUE(farm_.start());
  farm_.add(5);
  ASSERT_TRUE(farm_.writer().remove({5}));
  const auto refused = import(5);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_THAT(refused.error().context, HasSubstr("deleted here"));
  EXPECT_THAT(farm_.catalog().importing().value(), IsEmpty());
  farm_.add(6);
  ASSERT_TRUE(farm_.catalog().begin_delete({6}));
  EXPECT_EQ(import(6).error().code, ErrorCode::kConflict);
}

// A disk with its volumes was lost: the catalog has the row, an export the record.
TEST_F(ImportTest, BringsALostRecordBack) {
  ASSERT_TRUE(farm_.start());
  ASSERT_TRUE(farm_.catalog().add(TestFarm::row(5, 2), {}));
  ASSERT_TRUE(farm_.catalog().patch({5}, {.title = "kept"}));
  EXPECT_EQ(import(5, 1).error().code, ErrorCode::kConflict);
  const auto imported = import(5, 2);
  ASSERT_TRUE(imported) << imported.error().message();
  EXPECT_TRUE(imported.value().stored);
  EXPECT_EQ(imported.value().row.title, "kept");
  EXPECT_TRUE(stored(5) == TestFarm::record(5, 2));
}

TEST_F(ImportTest, GoesOnWhereAnEarlierOneStopped) {
  ASSERT_TRUE(farm_.start());
  ASSERT_TRUE(farm_.catalog().begin_import({5}));
  farm_.add_record(5);
  const auto imported = import(5);
  ASSERT_TRUE(imported);
  EXPECT_TRUE(imported.value().stored);
  EXPECT_TRUE(farm_.catalog().get({5}));
  EXPECT_THAT(farm_.catalog().importing().value(), IsEmpty());
}

TEST_F(ImportTest, AFullDiskLeavesNothingBehind) {
  ASSERT_TRUE(farm_.start());
  farm_.disk().set_free_space(0);
  EXPECT_EQ(import(5).error().code, ErrorCode::kNoSpace);
  EXPECT_THAT(farm_.catalog().importing().value(), IsEmpty());
  EXPECT_EQ(farm_.catalog().get({5}).error().code, ErrorCode::kNotFound);
}

TEST_F(ImportTest, NewIdsComeAfterImportedOnes) {
  const FakeClock later(farm_.clock().now_ms() + 5000);
  const PhotoId ahead = PhotoIdMaker(1, later).next();
  ASSERT_TRUE(farm_.start());
  ASSERT_TRUE(import(ahead.value));
  EXPECT_GT(farm_.services().ids.next(), ahead);
}

TEST_F(ImportTest, EveryDamageIsSeen) {
  const Bytes good = TestFarm::record(5);
  ASSERT_TRUE(check_whole_record(good));
  for (std::size_t at = 0; at < good.size(); at += 7) {
    Bytes bytes = good;
    bytes[at] ^= std::byte{0x10};
    const auto checked = check_whole_record(bytes);
    ASSERT_FALSE(checked) << at;
    EXPECT_EQ(checked.error().code, ErrorCode::kUnprocessable) << at;
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{10}, std::size_t{300}, good.size() - 1}) {
    EXPECT_EQ(check_whole_record(ByteView(good).first(size)).error().code,
              ErrorCode::kUnprocessable);
  }
  Bytes longer = good;
  longer.push_back({});
  EXPECT_FALSE(check_whole_record(longer));
}

}  // namespace
}  // namespace farm::roles
