// The SQLite catalog when the disk fails: full, or unable to sync. The default VFS is wrapped for
// the rest of the process, with two of its calls intercepted; the files are real.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "catalog/catalog_conformance.h"
#include "catalog/sqlite_test_support.h"

namespace farm::catalog {
namespace {

std::atomic<bool> syncs_fail{false};
std::atomic<bool> log_writes_fail{false};
std::atomic<int> syncs{0};

sqlite3_vfs* real_vfs = nullptr;

// The VFS has one table of calls for database files and one for logs. Each is copied when first
// seen, with calls replaced.
struct Methods {
  const sqlite3_io_methods* real = nullptr;
  sqlite3_io_methods wrapped{};
  std::once_flag once;
};
Methods of_files;
Methods of_logs;

template <Methods& methods>
int sync_file(sqlite3_file* file, int flags) {
  ++syncs;
  return syncs_fail ? SQLITE_IOERR_FSYNC : methods.real->xSync(file, flags);
}

int write_log(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  return log_writes_fail ? SQLITE_FULL : of_logs.real->xWrite(file, data, size, offset);
}

template <Methods& methods>
void wrap(sqlite3_file* file) {
  std::call_once(methods.once, [&] {
    methods.real = file->pMethods;
    methods.wrapped = *file->pMethods;
    methods.wrapped.xSync = sync_file<methods>;
    if (&methods == &of_logs) methods.wrapped.xWrite = write_log;
  });
  file->pMethods = &methods.wrapped;
}

int open_file(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  const int code = real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
  if (code != SQLITE_OK) return code;
  if ((flags & SQLITE_OPEN_WAL) != 0) wrap<of_logs>(file);
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) wrap<of_files>(file);
  return code;
}

void wrap_default_vfs() {
  static sqlite3_vfs vfs;
  if (real_vfs != nullptr) return;
  real_vfs = sqlite3_vfs_find(nullptr);
  vfs = *real_vfs;
  vfs.zName = "failing";
  vfs.xOpen = open_file;
  sqlite3_vfs_register(&vfs, 1);
}

class SqliteFaults : public ::testing::Test {
 protected:
  SqliteFaults() { wrap_default_vfs(); }
  ~SqliteFaults() override {
    syncs_fail = false;
    log_writes_fail = false;
  }

  std::unique_ptr<Catalog> open() { return open_or_fail(folder_.file(), {}, clock_); }

  CatalogFolder folder_;
  FakeClock clock_{kPhotoEpochMs};
};

TEST_F(SqliteFaults, EveryWriteIsSyncedBeforeItIsAcknowledged) {
  auto catalog = open();
  for (std::uint64_t id = 1; id <= 5; ++id) {
    const int before = syncs;
    ASSERT_TRUE(catalog->add(sample_photo(id), {}));
    EXPECT_GT(syncs, before);
  }
}

TEST_F(SqliteFaults, AWriteThatCannotBeSyncedHasNotHappened) {
  auto catalog = open();
  ASSERT_TRUE(catalog->add(sample_photo(1), {}));
  syncs_fail = true;
  const auto added = catalog->add(sample_photo(2), {});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kIo);
  EXPECT_EQ(code_of(catalog->patch(PhotoId{1}, {.title = "x"})), ErrorCode::kIo);
  EXPECT_EQ(code_of(catalog->get(PhotoId{2})), ErrorCode::kNotFound);
  EXPECT_EQ(catalog->get(PhotoId{1}).value().title, "photo 1");
  syncs_fail = false;
  EXPECT_TRUE(catalog->add(sample_photo(2), {}));
  EXPECT_EQ(catalog->stats().value().photos, 2U);
}

TEST_F(SqliteFaults, AFullDiskIsToldAndOvercome) {
  auto catalog = open();
  ASSERT_TRUE(catalog->add(sample_photo(1), {}));
  log_writes_fail = true;
  EXPECT_EQ(code_of(catalog->add(sample_photo(2), {})), ErrorCode::kNoSpace);
  EXPECT_TRUE(catalog->get(PhotoId{1}));
  log_writes_fail = false;
  EXPECT_TRUE(catalog->add(sample_photo(2), {}));
}

TEST_F(SqliteFaults, AllOfAGroupThatCannotBeCommittedFail) {
  auto catalog = open();
  syncs_fail = true;
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (std::uint64_t id = 1; id <= 16; ++id) {
    threads.emplace_back([&, id] {
      if (!catalog->add(sample_photo(id), {})) ++failed;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 16);
  syncs_fail = false;
  EXPECT_TRUE(catalog->list({}).value().empty());
  EXPECT_EQ(catalog->stats().value().commits, 0U);
}

// What was refused must not come back when the log is replayed: the store has forgotten the photo
// by then.
TEST_F(SqliteFaults, ARefusedWriteDoesNotComeBackAfterACrash) {
  const pid_t child = fork();
  if (child == 0) {
    auto opened = open_sqlite_catalog(folder_.file(), {}, clock_);
    if (!opened || !opened.value()->add(sample_photo(1), {})) _exit(1);
    syncs_fail = true;
    if (opened.value()->add(sample_photo(2), {})) _exit(2);
    _exit(0);  // without closing anything
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);
  auto catalog = open();
  EXPECT_TRUE(catalog->get(PhotoId{1}));
  EXPECT_EQ(code_of(catalog->get(PhotoId{2})), ErrorCode::kNotFound);
  EXPECT_EQ(catalog->stats().value().photos, 1U);
}

}  // namespace
}  // namespace farm::catalog
