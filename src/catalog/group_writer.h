// Group commit: the writes of many callers, run by one thread, share a transaction and so one sync
// of the disk. While that sync runs the next writes gather, and the busier it is, the larger the
// groups; a lone write never waits for company.
//
// Each write has a savepoint of its own: if it fails, what it did is undone and only its caller
// hears of it. If the transaction as a whole cannot be committed, every caller of it gets that
// error and nothing of it has happened.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "catalog/sqlite_db.h"

namespace farm::catalog {

class GroupWriter {
 public:
  using Operation = std::function<Result<void>()>;

  struct Limits {
    std::size_t queue = 1024;  // operations that may wait
    std::size_t batch = 256;   // operations in one transaction
  };

  // `database` has the catalog's schema, outlives this, and is used by nothing else from now on
  // but the operations.
  static Result<std::unique_ptr<GroupWriter>> start(Database& database, Limits limits);
  // Finishes what waits.
  ~GroupWriter();
  GroupWriter(const GroupWriter&) = delete;
  GroupWriter& operator=(const GroupWriter&) = delete;

  // Runs `operation` on the writer's thread, and returns when its effects are durable, with its own
  // error, or with the transaction's. kBusy if too many wait. Thread-safe; blocks.
  Result<void> run(const Operation& operation);

  std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }
  std::uint64_t writes() const { return writes_.load(std::memory_order_relaxed); }

 private:
  struct Waiter;
  using Batch = std::vector<Waiter*>;

  GroupWriter(Database& database, Limits limits) : database_(database), limits_(limits) {}
  Result<void> prepare();
  void loop();
  bool take(Batch& batch);
  void execute(const Batch& batch);
  Result<void> begin();
  Result<void> run_in_savepoint(const Operation& operation);
  void commit(const Batch& batch);
  void rollback();
  Result<void> overwrite_lost_commit();
  static void fail_all(const Batch& batch, const Error& error);

  Database& database_;
  const Limits limits_;
  Statement begin_, commit_, savepoint_, release_, rollback_to_;
  // A COMMIT failed, and its pages may still lie at the end of the write-ahead log, where a crash
  // would bring them back.
  bool lost_commit_ = false;

  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Waiter*> queue_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> writes_{0};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace farm::catalog
