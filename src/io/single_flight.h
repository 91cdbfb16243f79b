// One piece of work for all who ask for the same thing at once: the first to come puts it into a
// pool, and all of them go on, each on the thread he came from, with a copy of its result. Nothing
// is kept afterwards. The work belongs to nobody who waits: a client that leaves does not end it.
//
// Thread-safe. Must outlive the pool's jobs, and the pool must stop before those who wait are gone.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/offload.h"

namespace farm::io {

template <class Value>
class SingleFlight {
 public:
  using Outcome = Result<Value>;

  // `work` is a callable that returns an Outcome and owns what it refers to. kBusy if the pool's
  // queue is full.
  template <class Work>
  Task<Outcome> run(WorkerPool& pool, std::string key, Work work) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void(Outcome)>(
        Start{this, &pool}, use_task, std::move(key), std::move(work));
  }

 private:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void complete(Outcome outcome) noexcept = 0;
  };

  template <class Handler>
  class WaiterWith final : public Waiter {
   public:
    explicit WaiterWith(Handler handler)
        : handler_(std::move(handler)),
          guard_(boost::asio::make_work_guard(boost::asio::get_associated_executor(handler_))) {}
    void complete(Outcome outcome) noexcept override {
      detail::complete(std::move(handler_), std::move(outcome));
    }

   private:
    Handler handler_;
    boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> guard_;
  };

  template <class Work>
  class Job final : public WorkerPool::Job {
   public:
    Job(SingleFlight& flights, std::string key, Work work)
        : flights_(flights), key_(std::move(key)), work_(std::move(work)) {}
    void run() noexcept override { flights_.land(key_, work_()); }

   private:
    SingleFlight& flights_;
    std::string key_;
    Work work_;
  };

  struct Start {
    SingleFlight* flights;
    WorkerPool* pool;
    template <class Handler, class Work>
    void operator()(Handler&& handler, std::string key, Work work) const {
      using WaiterType = WaiterWith<std::decay_t<Handler>>;
      if (!flights->join(key, std::make_unique<WaiterType>(std::forward<Handler>(handler)))) return;
      std::unique_ptr<WorkerPool::Job> job =
          std::make_unique<Job<Work>>(*flights, key, std::move(work));
      if (pool->try_post(job)) return;
      flights->land(key, fail(ErrorCode::kBusy, "io", "too much work is waiting; try again soon"));
    }
  };

  // Whether he is the first.
  bool join(const std::string& key, std::unique_ptr<Waiter> waiter) {
    const std::lock_guard lock(mutex_);
    auto& waiters = flights_[key];
    waiters.push_back(std::move(waiter));
    return waiters.size() == 1;
  }

  void land(const std::string& key, const Outcome& outcome) {
    std::vector<std::unique_ptr<Waiter>> waiters;
    {
      const std::lock_guard lock(mutex_);
      auto flight = flights_.extract(key);
      waiters = std::move(flight.mapped());
    }
    for (const auto& waiter : waiters) waiter->complete(outcome);
  }

  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<std::unique_ptr<Waiter>>> flights_;
};

}  // namespace farm::io
