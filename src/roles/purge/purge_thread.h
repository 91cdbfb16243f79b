// A thread that works in steps and sleeps between them until it is woken or its time is up.
// Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace farm::roles {

class PurgeThread {
 public:
  // How long to sleep after it; wake() ends a sleep early if `wakeable` says so.
  struct Sleep {
    std::chrono::milliseconds time{0};
    bool wakeable = true;
  };
  using Step = std::function<Sleep()>;

  ~PurgeThread() { stop(); }

  void start(Step step) {
    thread_ = std::thread([this, step = std::move(step)] { run(step); });
  }
  // Ends after the step that runs, and waits for it. request_stop() does not wait: for many.
  void request_stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  void stop() {
    request_stop();
    if (thread_.joinable()) thread_.join();
  }
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }
  bool stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

 private:
  void run(const Step& step) {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      woken_ = false;
      lock.unlock();
      const Sleep sleep = step();
      lock.lock();
      changed_.wait_for(lock, sleep.time, [&] { return stopping_ || (woken_ && sleep.wakeable); });
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool woken_ = false;
  std::thread thread_;
};

}  // namespace farm::roles
