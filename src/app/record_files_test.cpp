#include "app/record_files.h"

#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "base/test_folder.h"
#include "store/sample_record.h"

namespace farm::app {
namespace {

using Path = std::filesystem::path;

class RecordFilesTest : public ::testing::Test {
 protected:
  TestFolder own_;
  const Path& folder_ = own_.path();
};

TEST_F(RecordFilesTest, PathsFollowTheDay) {
  const PhotoId id{static_cast<std::uint64_t>(1795313940000 - kPhotoEpochMs) << 22 | 5};
  EXPECT_EQ(record_path("/x", id), Path("/x/2026/11/22") / (id.str() + ".record"));
  EXPECT_EQ(record_path("/x", {1}), Path("/x/2024/01/01/1.record"));
}

TEST_F(RecordFilesTest, ComeBackAsTheyWere) {
  const store::SampleRecord record({7}, 2, 3000);
  const Path file = record_path(folder_, {7});
  EXPECT_FALSE(read_record_header(file).value());
  ASSERT_TRUE(write_record_file(file, as_bytes("an older one")));
  ASSERT_TRUE(write_record_file(file, record.whole()));
  EXPECT_TRUE(read_record_file(file).value() == record.whole());
  const auto header = read_record_header(file).value();
  EXPECT_EQ(header->header.view().version(), 2U);
  EXPECT_TRUE(header->whole);
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".new"));
}

TEST_F(RecordFilesTest, DamageIsSeen) {
  const Bytes whole = store::SampleRecord({7}, 2, 3000).whole();
  const Path file = folder_ / "7.record";
  ASSERT_TRUE(write_record_file(file, ByteView(whole).first(whole.size() - 1)));
  EXPECT_FALSE(read_record_header(file).value()->whole);
  for (const std::size_t size : {0U, 10U, 100U}) {
    ASSERT_TRUE(write_record_file(file, ByteView(whole).first(size)));
    EXPECT_EQ(read_record_header(file).error().code, ErrorCode::kCorrupt) << size;
  }
  ASSERT_TRUE(write_record_file(file, Bytes(500)));
  EXPECT_EQ(read_record_header(file).error().code, ErrorCode::kCorrupt);
}

TEST_F(RecordFilesTest, TheWalkFindsRecordsOnly) {
  for (const char* name : {"2026/11/22/1.record", "2026/11/23/2.record", "3.record",
                           "2026/4.record.new", "notes.txt"}) {
    ASSERT_TRUE(write_record_file(folder_ / name, as_bytes("x")));
  }
  std::filesystem::create_symlink(folder_ / "3.record", folder_ / "5.record");
  std::set<std::string> names;
  ASSERT_TRUE(walk_records(folder_, [&](const Path& file) -> Result<void> {
    names.insert(file.filename().string());
    return ok();
  }));
  EXPECT_THAT(names, ::testing::ElementsAre("1.record", "2.record", "3.record"));
  EXPECT_EQ(walk_records(folder_ / "nowhere", [](const Path&) -> Result<void> { return ok(); })
                .error()
                .code,
            ErrorCode::kNotFound);
  EXPECT_EQ(walk_records(folder_,
                         [](const Path&) {
                           return Result<void>(fail(ErrorCode::kTimeout, "test", "enough"));
                         })
                .error()
                .code,
            ErrorCode::kTimeout);
}

}  // namespace
}  // namespace farm::app
