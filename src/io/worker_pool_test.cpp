#include "io/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "io/offload.h"

namespace farm::io {
namespace {

class CountJob final : public WorkerPool::Job {
 public:
  explicit CountJob(std::atomic<int>& count, std::shared_future<void> gate = {})
      : count_(count), gate_(std::move(gate)) {}
  void run() noexcept override {
    if (gate_.valid()) gate_.wait();
    ++count_;
  }

 private:
  std::atomic<int>& count_;
  std::shared_future<void> gate_;
};

TEST(WorkerPool, RunsWhatIsQueuedBeforeItStops) {
  std::atomic<int> count{0};
  WorkerPool pool("test", 3, 1000);
  for (int i = 0; i < 500; ++i) {
    std::unique_ptr<WorkerPool::Job> job = std::make_unique<CountJob>(count);
    ASSERT_TRUE(pool.try_post(job));
  }
  pool.stop();
  EXPECT_EQ(count, 500);
  std::unique_ptr<WorkerPool::Job> late = std::make_unique<CountJob>(count);
  EXPECT_FALSE(pool.try_post(late));
  EXPECT_NE(late, nullptr);
}

TEST(WorkerPool, RefusesWhatIsOverTheBound) {
  std::atomic<int> count{0};
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  WorkerPool pool("test", 1, 2);
  int accepted = 0;
  for (int i = 0; i < 10; ++i) {
    std::unique_ptr<WorkerPool::Job> job = std::make_unique<CountJob>(count, opened);
    if (pool.try_post(job)) ++accepted;
  }
  EXPECT_GE(accepted, 2);
  EXPECT_LE(accepted, 3);
  gate.set_value();
  pool.stop();
  EXPECT_EQ(count, accepted);
}

struct Seen {
  std::thread::id before, worker, after;
  int value = 0;
  ErrorCode refused = ErrorCode::kInternal;
};

Task<void> use_offload(WorkerPool& pool, Seen& seen) {
  seen.before = std::this_thread::get_id();
  const auto work = [&seen]() -> Result<int> {
    seen.worker = std::this_thread::get_id();
    return 42;
  };
  const Result<int> result = co_await offload(pool, work);
  seen.after = std::this_thread::get_id();
  seen.value = result.value();
  pool.stop();
  const Result<int> refused = co_await offload(pool, work);
  seen.refused = refused.error().code;
}

TEST(Offload, ComesBackToItsThreadWithTheResult) {
  WorkerPool pool("test", 2, 8);
  boost::asio::io_context context(1);
  Seen seen;
  auto done = boost::asio::co_spawn(context, use_offload(pool, seen), boost::asio::use_future);
  context.run();
  done.get();
  EXPECT_EQ(seen.value, 42);
  EXPECT_EQ(seen.before, seen.after);
  EXPECT_NE(seen.before, seen.worker);
  EXPECT_EQ(seen.refused, ErrorCode::kBusy);
}

}  // namespace
}  // namespace farm::io
