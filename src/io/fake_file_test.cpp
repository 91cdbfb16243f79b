#include "io/fake_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

namespace farm::io {
namespace {

const std::filesystem::path kDirectory = "/d";
const std::filesystem::path kFile = "/d/f";

Result<void> write(File& file, std::uint64_t offset, std::string_view text) {
  const ByteView part = as_bytes(text);
  return file.write_at(offset, {&part, 1});
}

class FakeFileTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(disk_.make_directories(kDirectory)); }
  std::unique_ptr<File> create() {
    return std::move(disk_.open(kFile, OpenMode::kCreateNew)).value();
  }
  // A file whose name is durable.
  std::unique_ptr<File> create_durably() {
    auto file = create();
    EXPECT_TRUE(disk_.sync_directory(kDirectory));
    return file;
  }
  FakeFileSystem disk_;
};

TEST_F(FakeFileTest, KeepsWhatWasSynced) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    disk_ = FakeFileSystem();
    SetUp();
    const auto file = create_durably();
    ASSERT_TRUE(write(*file, 0, std::string(10'000, 'a')));
    ASSERT_TRUE(file->sync_data());
    ASSERT_TRUE(write(*file, 10'000, "unsynced"));
    disk_.crash(seed);
    const Bytes found = disk_.contents(kFile);
    ASSERT_GE(found.size(), 10'000U);
    EXPECT_EQ(as_text(ByteView(found).first(10'000)), std::string(10'000, 'a'));
  }
}

TEST_F(FakeFileTest, TearsUnsyncedWritesAtSectors) {
  std::size_t none = 0, all = 0, torn = 0, reordered = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    disk_ = FakeFileSystem();
    SetUp();
    const auto file = create_durably();
    ASSERT_TRUE(file->allocate(0, 16'384));
    ASSERT_TRUE(file->sync_data());
    ASSERT_TRUE(write(*file, 0, std::string(8192, 'a')));
    ASSERT_TRUE(write(*file, 8192, std::string(8192, 'b')));
    disk_.crash(seed);
    const Bytes found = disk_.contents(kFile);
    const std::string text(as_text(found));
    for (std::size_t at = 0; at < text.size(); at += 512) {
      ASSERT_EQ(text.substr(at, 512), std::string(512, text[at])) << "seed " << seed;
    }
    const auto as = std::ranges::count(text, 'a');
    const auto bs = std::ranges::count(text, 'b');
    none += as + bs == 0;
    all += as + bs == 16'384;
    torn += as % 8192 != 0 || bs % 8192 != 0;
    reordered += as < 8192 && bs > 0;
  }
  EXPECT_GT(none, 0U);
  EXPECT_GT(all, 0U);
  EXPECT_GT(torn, 20U);
  EXPECT_GT(reordered, 20U);
}

TEST_F(FakeFileTest, LosesNamesThatWereNotSynced) {
  std::size_t kept = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    disk_ = FakeFileSystem();
    SetUp();
    const auto file = create();
    ASSERT_TRUE(write(*file, 0, "x"));
    ASSERT_TRUE(file->sync_data());
    disk_.crash(seed);
    kept += disk_.exists(kFile).value();
  }
  EXPECT_GT(kept, 0U);
  EXPECT_LT(kept, 40U);
}

TEST_F(FakeFileTest, BringsBackARemovedNameThatWasNotSynced) {
  std::size_t back = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    disk_ = FakeFileSystem();
    SetUp();
    create_durably();
    ASSERT_TRUE(disk_.remove(kFile));
    disk_.crash(seed);
    back += disk_.exists(kFile).value();
  }
  EXPECT_GT(back, 0U);
  EXPECT_LT(back, 40U);
}

TEST_F(FakeFileTest, BringsBackWhatWasCutOff) {
  std::size_t back = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    disk_ = FakeFileSystem();
    SetUp();
    const auto file = create_durably();
    ASSERT_TRUE(write(*file, 0, std::string(8192, 'a')));
    ASSERT_TRUE(file->sync_data());
    ASSERT_TRUE(file->truncate(4096));
    ASSERT_TRUE(file->allocate(0, 8192));
    disk_.crash(seed);
    const Bytes found = disk_.contents(kFile);
    back += found.size() == 8192 && found.back() == std::byte{'a'};
  }
  EXPECT_GT(back, 0U);
  EXPECT_LT(back, 40U);
}

TEST_F(FakeFileTest, FailsTheNthCall) {
  const auto file = create();
  disk_.inject({.call = Call::kWrite, .nth = 2, .error_number = ENOSPC});
  EXPECT_TRUE(write(*file, 0, "a"));
  EXPECT_EQ(write(*file, 1, "b").error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(write(*file, 1, "b"));
  disk_.inject({.call = Call::kWrite, .lasting = true});
  EXPECT_EQ(write(*file, 0, "a").error().code, ErrorCode::kIo);
  EXPECT_EQ(write(*file, 0, "a").error().code, ErrorCode::kIo);
  disk_.clear_faults();
  EXPECT_TRUE(write(*file, 0, "a"));
}

TEST_F(FakeFileTest, CutsThePowerAfterSomeCalls) {
  const auto file = create();
  disk_.cut_power_after(2);
  EXPECT_TRUE(write(*file, 0, "a"));
  EXPECT_FALSE(file->sync_data());
  EXPECT_FALSE(disk_.sync_directory(kDirectory));
  Bytes byte(1);
  EXPECT_TRUE(file->read_at(0, byte));
}

TEST_F(FakeFileTest, AFailedSyncLosesDataQuietly) {
  std::size_t lost = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    disk_ = FakeFileSystem(seed);
    SetUp();
    const auto file = create_durably();
    ASSERT_TRUE(write(*file, 0, "precious"));
    disk_.inject({.call = Call::kSync});
    EXPECT_FALSE(file->sync_data());
    EXPECT_TRUE(file->sync_data());  // and now the system says that all is well
    EXPECT_EQ(as_text(disk_.contents(kFile)), "precious");
    file->drop_cache(0, 8);
    lost += as_text(disk_.contents(kFile)) != "precious";
  }
  EXPECT_GT(lost, 0U);
  EXPECT_LT(lost, 40U);
}

TEST_F(FakeFileTest, RunsOutOfSpace) {
  const auto file = create();
  disk_.set_free_space(100);
  EXPECT_TRUE(file->allocate(0, 60));
  EXPECT_EQ(file->allocate(0, 200).error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(write(*file, 60, std::string(40, 'x')));
  EXPECT_EQ(write(*file, 100, "y").error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(write(*file, 0, "overwrites need no space"));
}

TEST_F(FakeFileTest, FilesOpenAtACrashAreDead) {
  const auto file = create_durably();
  const auto lock = disk_.lock("/d/lock");
  disk_.crash(1);
  EXPECT_FALSE(write(*file, 0, "x"));
  EXPECT_TRUE(disk_.lock("/d/lock"));
  EXPECT_TRUE(disk_.open(kFile, OpenMode::kReadWrite));
}

TEST_F(FakeFileTest, TryReadFollowsTheCache) {
  const auto file = create();
  ASSERT_TRUE(write(*file, 0, "x"));
  Bytes byte(1);
  EXPECT_TRUE(file->try_read_at(0, byte).has_value());
  disk_.set_cached(false);
  EXPECT_FALSE(file->try_read_at(0, byte).has_value());
}

TEST_F(FakeFileTest, FlipsBitsForGood) {
  disk_.set_contents(kFile, as_bytes("abc"));
  disk_.flip_bit(kFile, 1, 0);
  disk_.crash(7);
  EXPECT_EQ(as_text(disk_.contents(kFile)), "acc");
}

}  // namespace
}  // namespace farm::io
