#include "catalog/sqlite_catalog.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <thread>

#include "catalog/catalog_conformance.h"
#include "catalog/sqlite_db.h"
#include "catalog/sqlite_rows.h"
#include "catalog/sqlite_schema.h"
#include "catalog/sqlite_test_support.h"

namespace farm::catalog {
namespace {

using ::testing::HasSubstr;

class SqliteBackend final : public CatalogBackend {
 public:
  SqliteBackend() { reopen(); }
  Catalog& catalog() override { return *catalog_; }
  void reopen() override {
    catalog_.reset();
    catalog_ = open_or_fail(folder_.file(), {.idempotency_keep = kConformanceKeep}, clock);
  }

 private:
  CatalogFolder folder_;
  std::unique_ptr<Catalog> catalog_;
};

std::unique_ptr<CatalogBackend> make_sqlite_backend() { return std::make_unique<SqliteBackend>(); }

INSTANTIATE_TEST_SUITE_P(Sqlite, CatalogConformance, testing::Values(make_sqlite_backend));

// Photos 1 to `count`, added by 16 threads.
void add_from_threads(Catalog& catalog, std::uint64_t count) {
  constexpr std::uint64_t kThreads = 16;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t id = 1 + t; id <= count; id += kThreads) {
        EXPECT_TRUE(catalog.add(sample_photo(id), {}));
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

class SqliteCatalogTest : public ::testing::Test {
 protected:
  std::unique_ptr<Catalog> open(const Config& config = {}) {
    return open_or_fail(folder_.file(), config, clock_);
  }
  Error open_error() {
    const auto opened = open_sqlite_catalog(folder_.file(), {}, clock_);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
  // Past the catalog, as another program would.
  Database raw() {
    return Database::open(folder_.file(), Database::Mode::kReadWrite, std::chrono::seconds(5))
        .value();
  }
  void write_file(const std::string& bytes) { std::ofstream(folder_.file()) << bytes; }

  CatalogFolder folder_;
  SystemClock clock_;
};

TEST_F(SqliteCatalogTest, IsMadeWithItsFolderForItsUserAlone) {
  const auto file = folder_.path() / "a" / "b" / "catalog.sqlite";
  auto catalog = open_or_fail(file, {}, clock_);
  ASSERT_TRUE(catalog->add(sample_photo(1), {}));
  struct stat info {};
  for (const char* suffix : {"", "-wal", "-shm"}) {
    ASSERT_EQ(stat((file.string() + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(SqliteCatalogTest, ClosingLeavesOneWholeFile) {
  ASSERT_TRUE(open()->add(sample_photo(1), {}));
  EXPECT_FALSE(std::filesystem::exists(folder_.file().string() + "-wal"));
  EXPECT_EQ(raw().text("PRAGMA integrity_check").value(), "ok");
  EXPECT_EQ(raw().integer("PRAGMA application_id").value(), kApplicationId);
  EXPECT_EQ(raw().integer("PRAGMA user_version").value(), kSchemaVersion);
  EXPECT_EQ(raw().text("PRAGMA journal_mode").value(), "wal");
}

TEST_F(SqliteCatalogTest, ASecondProcessIsRefused) {
  const auto catalog = open();
  const Error error = open_error();
  EXPECT_EQ(error.code, ErrorCode::kBusy);
  EXPECT_THAT(error.context, HasSubstr("process " + std::to_string(getpid())));
}

TEST_F(SqliteCatalogTest, AnEmptyFileIsANewCatalog) {
  write_file("");
  EXPECT_TRUE(open()->add(sample_photo(1), {}));
}

TEST_F(SqliteCatalogTest, ANewerSchemaIsRefusedUntouched) {
  open().reset();
  ASSERT_TRUE(raw().exec("PRAGMA user_version = 999"));
  const Error error = open_error();
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(error.context, HasSubstr("schema 999"));
  EXPECT_THAT(error.context, HasSubstr("newer photofarm"));
  EXPECT_EQ(raw().integer("PRAGMA user_version").value(), 999);
}

// A catalog of schema 1, as it was before the tables and triggers that came later.
TEST_F(SqliteCatalogTest, Schema1IsBroughtUpToDate) {
  ASSERT_TRUE(open()->add_all(std::vector{sample_photo(1), sample_photo(2)}));
  ASSERT_TRUE(
      raw().exec("ALTER TABLE photo DROP COLUMN taken_at;"
                 "ALTER TABLE photo DROP COLUMN camera;"
                 "ALTER TABLE photo DROP COLUMN dominant_color;"
                 "ALTER TABLE photo DROP COLUMN thumb_hash;"
                 "DROP TABLE importing; DROP TRIGGER photo_added;"
                 "DELETE FROM tally WHERE name = 'added';"
                 "CREATE TRIGGER photo_added AFTER INSERT ON photo BEGIN"
                 "  UPDATE tally SET value = value + 1 WHERE name = 'photos'; END;"
                 "PRAGMA user_version = 1"));
  const auto catalog = open();
  EXPECT_EQ(catalog->stats().value().added, 2U);
  ASSERT_TRUE(catalog->add(sample_photo(3), {}));
  EXPECT_EQ(catalog->stats().value().photos, 3U);
  EXPECT_EQ(catalog->stats().value().added, 3U);
  EXPECT_TRUE(catalog->begin_import({9}));
  EXPECT_EQ(catalog->get(PhotoId{1}).value().facts, photo::Facts{});
  EXPECT_EQ(catalog->get(PhotoId{1}).value().title, sample_photo(1).title);
  EXPECT_EQ(catalog->get(PhotoId{3}).value().facts, sample_photo(3).facts);
  EXPECT_EQ(raw().integer("PRAGMA user_version").value(), kSchemaVersion);
}

TEST_F(SqliteCatalogTest, AnotherProgramsDatabaseIsRefusedUntouched) {
  write_file("");
  ASSERT_TRUE(raw().exec("CREATE TABLE bookmarks (url TEXT)"));
  EXPECT_EQ(open_error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(raw().integer("SELECT count(*) FROM sqlite_schema").value(), 1);
}

TEST_F(SqliteCatalogTest, AFailedMigrationLeavesNothingHalf) {
  write_file("");
  {
    Database database = raw();
    // The step needs more pages than there may be.
    ASSERT_TRUE(database.exec("PRAGMA max_page_count = 3"));
    EXPECT_EQ(code_of(migrate(database)), ErrorCode::kNoSpace);
    EXPECT_FALSE(database.in_transaction());
    EXPECT_EQ(database.integer("PRAGMA user_version").value(), 0);
    EXPECT_EQ(database.integer("SELECT count(*) FROM sqlite_schema").value(), 0);
  }
  EXPECT_TRUE(open()->add(sample_photo(1), {}));
}

TEST_F(SqliteCatalogTest, ADamagedFileSaysWhatToDo) {
  write_file(std::string(8192, 'x'));
  const Error error = open_error();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_THAT(error.context, HasSubstr("restore " + folder_.file().string() + " from a backup"));
}

TEST_F(SqliteCatalogTest, DamageInsideIsAnErrorNotAnAnswer) {
  constexpr std::uint64_t kPhotos = 400;
  add_from_threads(*open(), kPhotos);
  const auto size = std::filesystem::file_size(folder_.file());
  {
    // All pages but the first few, which hold the schema.
    std::fstream file(folder_.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(10 * 4096);
    file << std::string(size - 10 * 4096, '\xa5');
  }
  auto opened = open_sqlite_catalog(folder_.file(), {}, clock_);
  if (!opened) {
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
    return;
  }
  int damaged = 0;
  for (std::uint64_t id = 1; id <= kPhotos; ++id) {
    const auto row = opened.value()->get(PhotoId{id});
    if (row) {
      expect_equal(row.value(), sample_photo(id));
    } else if (row.error().code == ErrorCode::kCorrupt) {
      ++damaged;
      EXPECT_THAT(row.error().context, HasSubstr("from a backup"));
    }
  }
  EXPECT_GT(damaged, 0);
}

TEST_F(SqliteCatalogTest, ARowThatCannotBeIsNamed) {
  ASSERT_TRUE(open()->add(sample_photo(5), {}));
  ASSERT_TRUE(raw().exec("UPDATE photo SET format = 99"));
  const auto row = open()->get(PhotoId{5});
  ASSERT_EQ(code_of(row), ErrorCode::kCorrupt);
  EXPECT_EQ(row.error().context, "row of photo 5: unknown format 99");
}

TEST_F(SqliteCatalogTest, ABoundOnItsSizeIsKept) {
  const auto catalog = open({.max_bytes = 200'000});
  PhotoRow row = sample_photo(1);
  row.title.assign(photo::kMaxTitleBytes, 't');
  Result<void> added = ok();
  std::uint64_t good = 0;
  for (; good < 1000 && added; ++good) {
    row.id.value = good + 1;
    added = catalog->add(row, {});
  }
  --good;
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(catalog->stats().value().photos, good);
  EXPECT_EQ(catalog->list({.limit = 1000}).value().size(), good);
  EXPECT_TRUE(catalog->patch(PhotoId{1}, {.title = ""}));
  EXPECT_TRUE(catalog->begin_delete(PhotoId{2}));
}

TEST_F(SqliteCatalogTest, ListsByIndexWithoutSorting) {
  open().reset();
  Database database = raw();
  for (const char* condition : {"id < 9", "id < 9 AND owner = 'a'"}) {
    std::string sql = "EXPLAIN QUERY PLAN SELECT ";
    sql.append(kPhotoColumns).append(" FROM photo WHERE deleting = 0 AND ").append(condition);
    sql.append(" ORDER BY id DESC LIMIT 9");
    Statement explain = Statement::prepare(database, sql).value();
    Query query(explain);
    ASSERT_TRUE(query.step().value());
    EXPECT_THAT(std::string(query.text(3)), HasSubstr("SEARCH photo USING"));
    EXPECT_FALSE(query.step().value());  // no second step: nothing is sorted
  }
}

TEST_F(SqliteCatalogTest, OldIdempotencyRowsArePruned) {
  FakeClock clock(kPhotoEpochMs);
  {
    const auto catalog = open_or_fail(folder_.file(), {}, clock);
    const auto add = [&](std::uint64_t id) {
      return catalog->add(sample_photo(id),
                          IdempotencyRow{"app", std::to_string(id), {}, PhotoId{id}});
    };
    for (std::uint64_t id = 1; id <= 12; ++id) ASSERT_TRUE(add(id));
    clock.advance(std::chrono::milliseconds(std::chrono::hours(25)).count());
    for (std::uint64_t id = 13; id <= 15; ++id) ASSERT_TRUE(add(id));
  }
  EXPECT_EQ(raw().integer("SELECT count(*) FROM idempotency").value(), 3);
}

TEST_F(SqliteCatalogTest, ConcurrentWritesShareCommits) {
  const auto catalog = open();
  add_from_threads(*catalog, 320);
  const CatalogStats stats = catalog->stats().value();
  EXPECT_EQ(stats.writes, 320U);
  EXPECT_LT(stats.commits, stats.writes);
}

// Adds photos from several threads and reports each through `acknowledged` once it is in.
[[noreturn]] void add_until_killed(const std::filesystem::path& file, int acknowledged) {
  static const SystemClock clock;
  auto opened = open_sqlite_catalog(file, {}, clock);
  if (!opened) _exit(1);
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t id = 1 + t; id < 1'000'000; id += 4) {
        if (!opened.value()->add(sample_photo(id), {})) _exit(2);
        if (id % 3 == 0 && !opened.value()->patch(PhotoId{id}, {.title = "new"})) _exit(3);
        if (write(acknowledged, &id, sizeof id) != sizeof id) _exit(4);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  _exit(5);
}

TEST_F(SqliteCatalogTest, WhatWasAcknowledgedSurvivesAKill) {
  for (int round = 0; round < 3; ++round) {
    CatalogFolder folder;
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    if (child == 0) add_until_killed(folder.file(), ends[1]);
    close(ends[1]);
    std::vector<std::uint64_t> acknowledged;
    std::uint64_t id = 0;
    while (acknowledged.size() < 300 && read(ends[0], &id, sizeof id) == sizeof id) {
      acknowledged.push_back(id);
    }
    kill(child, SIGKILL);
    while (read(ends[0], &id, sizeof id) == sizeof id) acknowledged.push_back(id);
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "exit status " << WEXITSTATUS(status);
    ASSERT_GE(acknowledged.size(), 300U);

    const auto catalog = open_or_fail(folder.file(), {}, clock_);
    for (const std::uint64_t known : acknowledged) {
      PhotoRow expected = sample_photo(known);
      if (known % 3 == 0) expected.title = "new";
      const auto row = catalog->get(PhotoId{known});
      ASSERT_TRUE(row) << known;
      expect_equal(row.value(), expected);
    }
    // At most one unacknowledged photo a thread may be there besides.
    const std::uint64_t counted = catalog->stats().value().photos;
    EXPECT_GE(counted, acknowledged.size());
    EXPECT_LE(counted, acknowledged.size() + 4);
  }
}

TEST(CatalogConfig, IsReadFromItsTable) {
  Config config;
  auto document = config::Document::parse(
      "path = \"/x/c.sqlite\"\nidempotency_keep = \"2h\"\ncache = \"8MiB\"\nmax_size = \"1GiB\"\n"
      "readers = 2\nwrite_queue = 10\nwrite_batch = 5\nbusy_timeout = \"1s\"\n",
      "f");
  read_config(document.value().root(), config);
  EXPECT_TRUE(document.value().finish());
  EXPECT_EQ(config.path, "/x/c.sqlite");
  EXPECT_EQ(config.idempotency_keep, std::chrono::hours(2));
  EXPECT_EQ(config.cache_bytes, 8U << 20);
  EXPECT_EQ(config.max_bytes, 1U << 30);
  EXPECT_EQ(config.readers, 2U);
  EXPECT_EQ(config.write_queue, 10U);
  EXPECT_EQ(config.write_batch, 5U);
  EXPECT_EQ(config.busy_timeout, std::chrono::seconds(1));
}

TEST(CatalogSizes, DamagedListsAreRefused) {
  const Bytes good = encode_sizes(sample_photo(1).sizes);
  EXPECT_EQ(decode_sizes(good).value().size(), 3U);
  EXPECT_FALSE(decode_sizes(ByteView(good).first(good.size() - 1)));
  EXPECT_FALSE(decode_sizes(Bytes(17 * 18)));
  Bytes bad = good;
  bad[0] = std::byte{'!'};
  EXPECT_FALSE(decode_sizes(bad));
  bad = good;
  bad[1] = std::byte{99};
  EXPECT_FALSE(decode_sizes(bad));
}

}  // namespace
}  // namespace farm::catalog
