// "Something has changed": wakes coroutines of any network thread, each on its own.
//
//   const std::uint64_t ticket = notifier.ticket();
//   if (!there_yet()) co_await notifier.wait(ticket);    // a notify() since the ticket counts
//
// Thread-safe. Whoever waits keeps the Notifier alive. One that goes while somebody waits destroys
// those coroutines: only where their threads have stopped.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "io/offload.h"

namespace farm::io {

class Notifier {
 public:
  std::uint64_t ticket() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  Task<void> wait(std::uint64_t ticket) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void()>(
        Start{this}, use_task, ticket);
  }
  void notify() {
    std::vector<std::unique_ptr<Waiter>> waiters;
    {
      const std::lock_guard lock(mutex_);
      ++count_;
      waiters.swap(waiters_);
    }
    for (const auto& waiter : waiters) waiter->complete();
  }

 private:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void complete() noexcept = 0;
  };

  template <class Handler>
  class WaiterWith final : public Waiter {
   public:
    explicit WaiterWith(Handler handler)
        : handler_(std::move(handler)),
          guard_(boost::asio::make_work_guard(boost::asio::get_associated_executor(handler_))) {}
    void complete() noexcept override {
      const auto executor = boost::asio::get_associated_executor(handler_);
      boost::asio::post(executor, std::move(handler_));
    }

   private:
    Handler handler_;
    boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> guard_;
  };

  struct Start {
    Notifier* notifier;
    template <class Handler>
    void operator()(Handler&& handler, std::uint64_t ticket) const {
      std::unique_ptr<Waiter> waiter =
          std::make_unique<WaiterWith<std::decay_t<Handler>>>(std::forward<Handler>(handler));
      if (notifier->add(waiter, ticket)) return;
      waiter->complete();
    }
  };

  // False, with the waiter left, if it has nothing to wait for.
  bool add(std::unique_ptr<Waiter>& waiter, std::uint64_t ticket) {
    const std::lock_guard lock(mutex_);
    if (ticket != count_) return false;
    waiters_.push_back(std::move(waiter));
    return true;
  }

  mutable std::mutex mutex_;
  std::uint64_t count_ = 0;
  std::vector<std::unique_ptr<Waiter>> waiters_;
};

}  // namespace farm::io
