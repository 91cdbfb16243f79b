// What every FileSystem does, on the real one and on the fake.
#include "io/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/test_folder.h"
#include "io/fake_file.h"

namespace farm::io {
namespace {

struct OnPosix {
  TestFolder own;
  FileSystem& files = posix_file_system();
  std::filesystem::path directory = own.path();
};

struct OnFake {
  OnFake() { EXPECT_TRUE(fake.make_directories(directory)); }
  FakeFileSystem fake;
  FileSystem& files = fake;
  std::filesystem::path directory = "/data";
};

template <class System>
class FileTest : public ::testing::Test {
 protected:
  std::unique_ptr<File> create(const std::string& name) {
    return std::move(system_.files.open(system_.directory / name, OpenMode::kCreateNew)).value();
  }
  std::string read(File& file, std::uint64_t offset, std::size_t length) {
    Bytes bytes(length);
    const std::size_t n = file.read_at(offset, bytes).value();
    return std::string(as_text(ByteView(bytes).first(n)));
  }
  System system_;
};

using Systems = ::testing::Types<OnPosix, OnFake>;
TYPED_TEST_SUITE(FileTest, Systems);

TYPED_TEST(FileTest, WritesPartsOneAfterAnother) {
  const auto file = this->create("a");
  std::vector<ByteView> parts;
  std::string expected;
  for (int i = 0; i < 100; ++i) {  // more than one system call takes
    parts.push_back(as_bytes(i % 3 == 0 ? "" : "abc"));
    expected += i % 3 == 0 ? "" : "abc";
  }
  ASSERT_TRUE(file->write_at(10, parts));
  EXPECT_EQ(this->read(*file, 10, 1000), expected);
  EXPECT_EQ(file->size().value(), 10 + expected.size());
  EXPECT_EQ(this->read(*file, 0, 10), std::string(10, '\0'));
  EXPECT_EQ(this->read(*file, 5000, 10), "");
}

TYPED_TEST(FileTest, TryReadGivesAllOrNothing) {
  const auto file = this->create("a");
  const ByteView part = as_bytes("hello");
  ASSERT_TRUE(file->write_at(0, {&part, 1}));
  Bytes out(4);
  if (const auto read = file->try_read_at(1, out)) {  // not every file system can
    ASSERT_TRUE(read->has_value());
    EXPECT_EQ(read->value(), 4U);
    EXPECT_EQ(as_text(out), "ello");
  }
  EXPECT_FALSE(file->try_read_at(2, out).has_value());
}

TYPED_TEST(FileTest, AllocatesZerosAndCuts) {
  const auto file = this->create("a");
  const ByteView part = as_bytes("hello");
  ASSERT_TRUE(file->write_at(0, {&part, 1}));
  ASSERT_TRUE(file->allocate(0, 8192));
  EXPECT_EQ(file->size().value(), 8192U);
  EXPECT_EQ(this->read(*file, 3, 4), std::string("lo\0\0", 4));
  ASSERT_TRUE(file->truncate(2));
  ASSERT_TRUE(file->allocate(0, 4));
  EXPECT_EQ(this->read(*file, 0, 8), std::string("he\0\0", 4));
  EXPECT_TRUE(file->sync_data());
  file->drop_cache(0, 4);
  EXPECT_EQ(this->read(*file, 0, 8), std::string("he\0\0", 4));
}

TYPED_TEST(FileTest, NamesFiles) {
  this->create("b");
  this->create("a");
  FileSystem& files = this->system_.files;
  const auto& directory = this->system_.directory;
  ASSERT_TRUE(files.make_directories(directory / "x" / "y"));
  ASSERT_TRUE(files.make_directories(directory / "x" / "y"));
  EXPECT_EQ(files.list(directory).value(), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(files.rename(directory / "a", directory / "c"));
  ASSERT_TRUE(files.remove(directory / "b"));
  EXPECT_TRUE(files.sync_directory(directory));
  EXPECT_EQ(files.list(directory).value(), std::vector<std::string>{"c"});
  EXPECT_TRUE(files.exists(directory / "c").value());
  EXPECT_FALSE(files.exists(directory / "b").value());
}

TYPED_TEST(FileTest, SaysWhatIsWrong) {
  this->create("a");
  FileSystem& files = this->system_.files;
  const auto& directory = this->system_.directory;
  EXPECT_EQ(files.open(directory / "a", OpenMode::kCreateNew).error().code, ErrorCode::kConflict);
  EXPECT_EQ(files.open(directory / "b", OpenMode::kRead).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files.remove(directory / "b").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files.list(directory / "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files.open(directory / "no" / "b", OpenMode::kCreateNew).error().code,
            ErrorCode::kNotFound);
  EXPECT_GT(files.free_space(directory).value(), 0U);
}

TYPED_TEST(FileTest, LocksOnce) {
  FileSystem& files = this->system_.files;
  const auto path = this->system_.directory / "lock";
  auto first = files.lock(path);
  ASSERT_TRUE(first);
  const auto second = files.lock(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_NE(second.error().context.find("process "), std::string::npos);
  first.value().reset();
  EXPECT_TRUE(files.lock(path));
}

TEST(PosixFileTest, NamesTheHolderOfALock) {
  const OnPosix system;
  const auto held = system.files.lock(system.directory / "lock");
  const auto refused = system.files.lock(system.directory / "lock");
  EXPECT_NE(refused.error().context.find("process " + std::to_string(::getpid())),
            std::string::npos);
}

TEST(PosixFileTest, RefusesAFileWhereADirectoryShouldBe) {
  const OnPosix system;
  std::ofstream(system.directory / "file") << "x";
  EXPECT_FALSE(system.files.make_directories(system.directory / "file"));
  EXPECT_FALSE(system.files.make_directories(system.directory / "file" / "below"));
}

}  // namespace
}  // namespace farm::io
