#include "catalog/group_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <set>

#include "catalog/sqlite_schema.h"
#include "catalog/sqlite_test_support.h"

namespace farm::catalog {
namespace {

class GroupWriterTest : public ::testing::Test {
 protected:
  GroupWriterTest() {
    fclose(fopen(folder_.file().c_str(), "w"));
    database_ = std::make_unique<Database>(
        Database::open(folder_.file(), Database::Mode::kReadWrite, std::chrono::seconds(5))
            .value());
    EXPECT_TRUE(migrate(*database_));
  }

  GroupWriter& start(GroupWriter::Limits limits = {}) {
    writer_ = std::move(GroupWriter::start(*database_, limits)).value();
    return *writer_;
  }

  GroupWriter::Operation insert(int n) {
    return [this, n] {
      return database_->exec("INSERT INTO fact VALUES ('" + std::to_string(n) + "', '')");
    };
  }

  std::int64_t count_facts() {
    writer_.reset();
    return database_->integer("SELECT count(*) FROM fact").value();
  }

  CatalogFolder folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<GroupWriter> writer_;
};

// Holds the writer's thread until release() so that others gather behind it.
class Gate {
 public:
  explicit Gate(GroupWriter& writer) {
    held_ = std::async(std::launch::async, [this, &writer] {
      return writer.run([this]() -> Result<void> {
        entered_.count_down();
        opened_.wait();
        return ok();
      });
    });
    entered_.wait();
  }
  void release() { opened_.count_down(); }
  ~Gate() { EXPECT_TRUE(held_.get()); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

 private:
  std::latch entered_{1};
  std::latch opened_{1};
  std::future<Result<void>> held_;
};

TEST_F(GroupWriterTest, AFailedWriteIsUndoneAlone) {
  GroupWriter& writer = start();
  std::vector<std::future<Result<void>>> results;
  {
    Gate gate(writer);
    for (int i = 0; i < 8; ++i) {
      results.push_back(std::async(std::launch::async, [&, i] {
        return writer.run([&, i]() -> Result<void> {
          FARM_TRY(insert(i)());
          if (i % 2 == 0) return ok();
          return fail(ErrorCode::kConflict, "test", "odd");
        });
      }));
    }
    gate.release();
  }
  for (std::size_t i = 0; i < 8; ++i) {
    const Result<void> result = results[i].get();
    EXPECT_EQ(result.has_value(), i % 2 == 0);
    if (!result) {
      EXPECT_EQ(result.error().context, "odd");
    }
  }
  EXPECT_EQ(writer.writes(), 5U);  // four, and the gate's
  EXPECT_EQ(count_facts(), 4);
}

TEST_F(GroupWriterTest, WritesThatGatherShareACommit) {
  GroupWriter& writer = start({.queue = 100, .batch = 100});
  std::vector<std::future<Result<void>>> results;
  {
    Gate gate(writer);
    for (int i = 0; i < 20; ++i) {
      results.push_back(std::async(std::launch::async, [&, i] { return writer.run(insert(i)); }));
    }
    gate.release();
  }
  for (auto& result : results) EXPECT_TRUE(result.get());
  EXPECT_EQ(writer.writes(), 21U);
  EXPECT_LE(writer.commits(), 21U);
  EXPECT_EQ(count_facts(), 20);
}

TEST_F(GroupWriterTest, MoreThanMayWaitAreRefused) {
  GroupWriter& writer = start({.queue = 2, .batch = 2});
  std::atomic<int> busy{0};
  std::latch refused{3};
  std::vector<std::thread> threads;
  {
    Gate gate(writer);
    for (int i = 0; i < 5; ++i) {
      threads.emplace_back([&, i] {
        const Result<void> result = writer.run(insert(i));
        if (result) return;
        EXPECT_EQ(result.error().code, ErrorCode::kBusy);
        ++busy;
        refused.count_down();
      });
    }
    refused.wait();  // two wait, three cannot
    gate.release();
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(busy, 3);
  EXPECT_EQ(count_facts(), 2);
}

TEST_F(GroupWriterTest, ATransactionThatSqliteGivesUpFailsForAll) {
  GroupWriter& writer = start();
  std::future<Result<void>> first;
  std::future<Result<void>> second;
  {
    Gate gate(writer);
    first = std::async(std::launch::async, [&] { return writer.run(insert(1)); });
    second = std::async(std::launch::async, [&] {
      return writer.run([&]() -> Result<void> {
        FARM_TRY(insert(2)());
        FARM_TRY(database_->exec("ROLLBACK"));  // as SQLite does by itself when a disk fails
        return fail(ErrorCode::kIo, "test", "disk");
      });
    });
    gate.release();
  }
  const Result<void> lost = second.get();
  EXPECT_EQ(lost.error().context, "disk");
  const Result<void> other = first.get();  // in the same group or not: whole or not at all
  EXPECT_TRUE(writer.run(insert(3)));
  EXPECT_EQ(count_facts(), other ? 2 : 1);
}

TEST_F(GroupWriterTest, AnOperationMayFailToFinishItsSavepoint) {
  GroupWriter& writer = start();
  const Result<void> result = writer.run([&]() -> Result<void> {
    FARM_TRY(insert(1)());
    return database_->exec("RELEASE write");
  });
  EXPECT_FALSE(result);
  EXPECT_TRUE(writer.run(insert(2)));
  EXPECT_EQ(count_facts(), 1);
}

}  // namespace
}  // namespace farm::catalog
