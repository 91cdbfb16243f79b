// Whether this process can do its work, with reasons. Thread-safe.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace farm::roles {

class Health {
 public:
  // A problem that lasts until the process ends, found at start.
  void note(std::string problem) {
    const std::lock_guard lock(mutex_);
    problems_.push_back(std::move(problem));
  }
  std::vector<std::string> noted() const {
    const std::lock_guard lock(mutex_);
    return problems_;
  }
  // Store and catalog are open and agree: everything works. Before, only what the store knows
  // already is served, and the API is not.
  void set_ready() { ready_ = true; }
  bool ready() const { return ready_; }
  // From now on balancers should send nothing more.
  void set_stopping() { stopping_ = true; }
  bool stopping() const { return stopping_; }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> problems_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopping_{false};
};

}  // namespace farm::roles
