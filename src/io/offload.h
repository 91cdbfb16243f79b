// `co_await offload(pool, work)`: runs `work` (a callable that returns a Result) on a thread of the
// pool and goes on, with its result, on the thread it came from. kBusy at once if the pool's queue
// is full. `work` may refer to the awaiting coroutine's variables: they live until it has run.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "io/task.h"
#include "io/worker_pool.h"

namespace farm::io {
namespace detail {

// Completes a coroutine's handler on its own executor.
template <class Handler, class Outcome>
struct Completion {
  Handler handler;
  Outcome outcome;
  void operator()() { std::move(handler)(std::move(outcome)); }
};

template <class Handler, class Outcome>
void complete(Handler handler, Outcome outcome) {
  auto executor = boost::asio::get_associated_executor(handler);
  boost::asio::post(executor, Completion<Handler, Outcome>{std::move(handler), std::move(outcome)});
}

template <class Work, class Handler>
class OffloadJob final : public WorkerPool::Job {
 public:
  using Outcome = std::invoke_result_t<Work&>;

  OffloadJob(Work work, Handler handler)
      : work_(std::move(work)),
        handler_(std::move(handler)),
        guard_(boost::asio::make_work_guard(boost::asio::get_associated_executor(handler_))) {}

  void run() noexcept override { complete(std::move(handler_), work_()); }
  void refuse() {
    complete(std::move(handler_),
             Outcome(fail(ErrorCode::kBusy, "io", "too much work is waiting; try again soon")));
  }

 private:
  Work work_;
  Handler handler_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> guard_;
};

struct StartOffload {
  WorkerPool* pool;

  template <class Handler, class Work>
  void operator()(Handler&& handler, Work work) const {
    using JobType = OffloadJob<Work, std::decay_t<Handler>>;
    auto job = std::make_unique<JobType>(std::move(work), std::forward<Handler>(handler));
    JobType* const refused = job.get();
    std::unique_ptr<WorkerPool::Job> base = std::move(job);
    if (!pool->try_post(base)) refused->refuse();
  }
};

}  // namespace detail

template <class Work>
Task<std::invoke_result_t<Work&>> offload(WorkerPool& pool, Work work) {
  using Outcome = std::invoke_result_t<Work&>;
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void(Outcome)>(
      detail::StartOffload{&pool}, use_task, std::move(work));
}

}  // namespace farm::io
