#include "catalog/group_writer.h"

#include <algorithm>
#include <utility>

#include "obs/log.h"

namespace farm::catalog {

// Lives on its caller's stack until `done`.
struct GroupWriter::Waiter {
  explicit Waiter(const Operation& run) : operation(run) {}

  const Operation& operation;
  Result<void> outcome = ok();
  bool done = false;
  std::condition_variable ready;
};

Result<std::unique_ptr<GroupWriter>> GroupWriter::start(Database& database, Limits limits) {
  std::unique_ptr<GroupWriter> writer(new GroupWriter(database, limits));
  FARM_TRY(writer->prepare());
  writer->thread_ = std::thread([self = writer.get()] { self->loop(); });
  return writer;
}

Result<void> GroupWriter::prepare() {
  FARM_TRY(begin_, Statement::prepare(database_, "BEGIN IMMEDIATE"));
  FARM_TRY(commit_, Statement::prepare(database_, "COMMIT"));
  FARM_TRY(savepoint_, Statement::prepare(database_, "SAVEPOINT write"));
  FARM_TRY(release_, Statement::prepare(database_, "RELEASE write"));
  FARM_TRY(rollback_to_, Statement::prepare(database_, "ROLLBACK TO write"));
  return ok();
}

GroupWriter::~GroupWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Result<void> GroupWriter::run(const Operation& operation) {
  Waiter waiter(operation);
  std::unique_lock lock(mutex_);
  if (stopping_) return fail(ErrorCode::kClosed, "catalog", "it is being closed");
  if (queue_.size() >= limits_.queue) {
    return fail(ErrorCode::kBusy, "catalog", "too many writes wait for the disk");
  }
  queue_.push_back(&waiter);
  work_.notify_one();
  waiter.ready.wait(lock, [&] { return waiter.done; });
  return std::move(waiter.outcome);
}

void GroupWriter::loop() {
  Batch batch;
  while (take(batch)) {
    execute(batch);
    const std::lock_guard lock(mutex_);
    for (Waiter* waiter : batch) {
      waiter->done = true;
      waiter->ready.notify_one();  // under the lock: its caller cannot have gone yet
    }
  }
}

bool GroupWriter::take(Batch& batch) {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
  const std::size_t count = std::min(queue_.size(), limits_.batch);
  batch.assign(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  return !batch.empty();
}

void GroupWriter::execute(const Batch& batch) {
  if (const Result<void> begun = begin(); !begun) return fail_all(batch, begun.error());
  for (Waiter* waiter : batch) {
    waiter->outcome = run_in_savepoint(waiter->operation);
    // Some errors (a full disk, a failed read) make SQLite give up the whole transaction.
    if (!database_.in_transaction()) {
      const Error error = waiter->outcome
                              ? make_error(ErrorCode::kInternal, "catalog", "transaction lost")
                              : waiter->outcome.error();
      return fail_all(batch, error);
    }
  }
  commit(batch);
}

Result<void> GroupWriter::begin() {
  if (lost_commit_) {
    FARM_TRY(overwrite_lost_commit());
  }
  return Query(begin_).run();
}

Result<void> GroupWriter::run_in_savepoint(const Operation& operation) {
  FARM_TRY(Query(savepoint_).run());
  Result<void> outcome = operation();
  if (!database_.in_transaction()) return outcome;
  Result<void> ended = ok();
  if (!outcome) ended = Query(rollback_to_).run();
  if (ended) ended = Query(release_).run();
  if (ended) return outcome;
  rollback();  // half an operation must not be committed
  return ended;
}

void GroupWriter::commit(const Batch& batch) {
  const auto good = std::ranges::count_if(batch, [](auto* w) { return w->outcome.has_value(); });
  if (good == 0) return rollback();
  const Result<void> committed = Query(commit_).run();
  if (committed) {
    commits_.fetch_add(1, std::memory_order_relaxed);
    writes_.fetch_add(static_cast<std::uint64_t>(good), std::memory_order_relaxed);
    return;
  }
  obs::log_error("catalog commit failed", {{"error", committed.error().message()}});
  rollback();
  fail_all(batch, committed.error());
  lost_commit_ = true;
  // Tried at once, because a crash could come before the next write; begin() insists on it.
  const Result<void> overwritten = overwrite_lost_commit();
  if (!overwritten)
    obs::log_error("catalog cannot write", {{"error", overwritten.error().message()}});
}

void GroupWriter::rollback() {
  if (!database_.in_transaction()) return;
  const Result<void> undone = database_.exec("ROLLBACK");
  if (!undone) obs::log_error("catalog rollback failed", {{"error", undone.error().message()}});
}

// SQLite writes the next transaction over the pages of one whose COMMIT failed. Until that has
// happened a crash could replay what a caller was told has not happened.
Result<void> GroupWriter::overwrite_lost_commit() {
  Result<void> written = database_.exec(
      "BEGIN IMMEDIATE; UPDATE tally SET value = value + 1 WHERE name = 'failed_commits'; COMMIT");
  rollback();
  if (written) lost_commit_ = false;
  return written;
}

// Those that failed by themselves keep their own errors.
void GroupWriter::fail_all(const Batch& batch, const Error& error) {
  for (Waiter* waiter : batch) {
    if (waiter->outcome) waiter->outcome = fail(Error(error));
  }
}

}  // namespace farm::catalog
