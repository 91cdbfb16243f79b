#include "roles/catalog_session.h"

#include <gmock/gmock.h>

#include "roles/test_farm.h"

namespace farm::roles {
namespace {

using ::testing::HasSubstr;
using Path = std::filesystem::path;

class CatalogSessionTest : public ::testing::Test {
 protected:
  // A copy of the catalog's file as a backup has it, and putting it back.
  void back_up() {
    farm_.close();
    std::filesystem::copy_file(farm_.catalog_file(), copy());
    farm_.open();
  }
  void restore() {
    farm_.close();
    std::filesystem::copy_file(copy(), farm_.catalog_file(),
                               std::filesystem::copy_options::overwrite_existing);
    farm_.open();
  }
  void lose_catalog() {
    farm_.close();
    std::filesystem::remove(farm_.catalog_file());
    farm_.open();
  }
  void lose_file() { ASSERT_TRUE(farm_.disk().remove("/data/catalog.session")); }
  Path copy() const { return farm_.folder() / "backup"; }
  void expect_refused(const char* why) {
    const auto started = farm_.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::kConflict);
    EXPECT_THAT(started.error().context, HasSubstr(why));
    EXPECT_THAT(started.error().context, HasSubstr("Nothing was changed"));
    EXPECT_THAT(started.error().context, HasSubstr("photofarm reindex"));
    for (const std::uint64_t id : {1, 2}) EXPECT_TRUE(farm_.store().find({id})) << id;
  }

  TestFarm farm_;
};

TEST_F(CatalogSessionTest, HoldsFromOneStartToTheNext) {
  EXPECT_EQ(farm_.session().check().value(), Tie::kNeverMade);
  for (std::uint64_t life = 1; life <= 4; ++life) {
    ASSERT_TRUE(farm_.start());
    farm_.add(life);
    farm_.reopen();
    EXPECT_EQ(farm_.session().check().value(), Tie::kHolds);
  }
}

TEST_F(CatalogSessionTest, ALostCatalogIsRefused) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  farm_.add(2);
  lose_catalog();
  expect_refused("new one");
  expect_refused("new one");
  EXPECT_EQ(CatalogSession::check_first_run(farm_.disk(), {"/other", "/data"}).error().code,
            ErrorCode::kConflict);
  EXPECT_TRUE(CatalogSession::check_first_run(farm_.disk(), {"/other"}));
}

TEST_F(CatalogSessionTest, ACatalogOfAnEarlierSessionIsRefused) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  back_up();
  ASSERT_TRUE(farm_.start());
  farm_.add(2);
  restore();
  expect_refused("ran with the store last");
}

// Servers run for months: a backup is usually of the session in which the disk fails.
TEST_F(CatalogSessionTest, AnOldCopyOfTheSameSessionIsRefused) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  back_up();
  farm_.add(2);
  // As the running server notes it.
  const auto mark = catalog::read_session(farm_.disk(), "/data").value();
  ASSERT_TRUE(catalog::write_session(farm_.disk(), "/data", {mark->token, 2}));
  farm_.reopen();
  EXPECT_EQ(farm_.session().check().value(), Tie::kHolds);
  restore();
  expect_refused("an old copy: it has added 1 photos, and there were 2 already");
}

TEST_F(CatalogSessionTest, ProgressIsNotedAtTheEndOfASession) {
  ASSERT_TRUE(farm_.start());
  farm_.session().start();
  farm_.add(1);
  farm_.add(2);
  farm_.session().stop();
  EXPECT_EQ(catalog::read_session(farm_.disk(), "/data").value()->added, 2U);
}

TEST_F(CatalogSessionTest, ACatalogFromElsewhereIsRefused) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  farm_.add(2);
  TestFarm other;
  ASSERT_TRUE(other.start());
  const std::string tokens = *other.catalog().fact("session").value();
  ASSERT_TRUE(farm_.catalog().set_fact("session", tokens));
  expect_refused("ran with the store last");
}

// The catalog has the new token, the file still the old one, or none.
TEST_F(CatalogSessionTest, ACrashBetweenTheTwoWritesLocksNobodyOut) {
  for (std::uint64_t life = 1; life <= 5; ++life) {
    ASSERT_TRUE(farm_.session().check());
    farm_.disk().inject({.call = io::Call::kRename, .lasting = true});
    ASSERT_TRUE(farm_.session().renew()) << "a disk that takes no file is no reason to stay down";
    farm_.disk().clear_faults();
    farm_.reopen();
    const auto started = farm_.start();
    ASSERT_TRUE(started) << started.error().message();
    farm_.add(life);
    farm_.reopen();
  }
}

// One disk of two takes no file for some sessions, and then again.
TEST_F(CatalogSessionTest, AFailingDiskLocksNobodyOut) {
  io::FakeFileSystem disk;
  const std::vector<Path> both = {"/a", "/b"};
  for (const Path& one : both) ASSERT_TRUE(disk.make_directories(one));
  for (int life = 0; life < 6; ++life) {
    CatalogSession session(disk, both, farm_.catalog());
    const auto tie = session.check();
    ASSERT_TRUE(tie) << life << ": " << tie.error().message();
    ASSERT_TRUE(session.renew());
    if (life % 3 == 2) continue;
    const auto kept = catalog::read_session(disk, "/b").value();
    CatalogSession next(disk, both, farm_.catalog());
    ASSERT_TRUE(next.check());
    ASSERT_TRUE(next.renew());
    ASSERT_TRUE(catalog::write_session(disk, "/b", *kept));  // it kept what it had
  }
}

TEST_F(CatalogSessionTest, ADirectoryThatIsAddedIsFine) {
  io::FakeFileSystem disk;
  ASSERT_TRUE(disk.make_directories("/a"));
  ASSERT_TRUE(disk.make_directories("/b"));
  CatalogSession first(disk, {"/a"}, farm_.catalog());
  ASSERT_TRUE(first.check());
  ASSERT_TRUE(first.renew());
  CatalogSession second(disk, {"/b", "/a"}, farm_.catalog());
  EXPECT_EQ(second.check().value(), Tie::kHolds);
  ASSERT_TRUE(second.renew());
  EXPECT_EQ(catalog::read_session(disk, "/a").value(), catalog::read_session(disk, "/b").value());
}

TEST_F(CatalogSessionTest, WithoutTheFileNothingIsRemoved) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  farm_.add(2);
  lose_file();
  farm_.reopen();
  EXPECT_EQ(farm_.session().check().value(), Tie::kFileMissing);
  const auto started = farm_.start();
  ASSERT_TRUE(started) << "store and catalog agree: " << started.error().message();
  lose_file();
  farm_.add_record(3);
  farm_.reopen();
  expect_refused("1 of 3 photos");
  EXPECT_TRUE(farm_.store().find({3}));
}

TEST_F(CatalogSessionTest, ADamagedFileIsAsNone) {
  ASSERT_TRUE(farm_.start());
  farm_.add(1);
  const ByteView junk = as_bytes("junk");
  ASSERT_TRUE(farm_.disk()
                  .open("/data/catalog.session", io::OpenMode::kReadWrite)
                  .value()
                  ->write_at(20, {&junk, 1}));
  farm_.reopen();
  EXPECT_EQ(farm_.session().check().value(), Tie::kFileMissing);
  ASSERT_TRUE(farm_.start());
  farm_.reopen();
  EXPECT_EQ(farm_.session().check().value(), Tie::kHolds);
}

}  // namespace
}  // namespace farm::roles
