// Long work that a request starts and others ask about: one run at a time, in a thread of its own.
// Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "store/photo_store.h"

namespace farm::roles {

template <class Report>
class BackgroundRun {
 public:
  // Ends early when its progress returns false.
  using Work = std::function<Result<Report>(const store::Progress&)>;

  struct State {
    bool started = false;  // ever
    bool running = false;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::optional<Report> report;  // of the last run that came to its end
    std::string error;             // why it did not
  };

  explicit BackgroundRun(Work work) : work_(std::move(work)) {}
  ~BackgroundRun() { stop(); }

  // False if one runs already.
  bool start() {
    const std::lock_guard lock(mutex_);
    if (state_.running || stop_) return false;
    if (thread_.joinable()) thread_.join();  // of an earlier run, which has ended
    state_ = {};
    state_.started = state_.running = true;
    thread_ = std::thread([this] { run(); });
    return true;
  }

  // Ends a run early and waits for it.
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  State state() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  void run() {
    auto report = work_([this](std::uint64_t done, std::uint64_t total) {
      const std::lock_guard lock(mutex_);
      state_.done = done;
      state_.total = total;
      return !stop_;
    });
    const std::lock_guard lock(mutex_);
    state_.running = false;
    if (report) {
      state_.report = std::move(report).value();
    } else {
      state_.error = report.error().message();
    }
  }

  const Work work_;
  mutable std::mutex mutex_;
  State state_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace farm::roles
