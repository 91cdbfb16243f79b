// Whether this process can do its work, with reasons. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace farm::roles {

class Health {
 public:
  // A problem that lasts until the process ends, found at start.
  void note(std::string problem) {
    const std::lock_guard lock(mutex_);
    noted_.push_back(std::move(problem));
  }
  // Problems that come and go: asked for each time, from any thread, without waiting. `source`
  // works for as long as somebody asks.
  using Source = std::function<std::vector<std::string>()>;
  void watch(Source source) {
    const std::lock_guard lock(mutex_);
    sources_.push_back(std::move(source));
  }
  std::vector<std::string> problems() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all = noted_;
    for (const Source& source : sources_) {
      for (std::string& problem : source()) all.push_back(std::move(problem));
    }
    return all;
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
  std::vector<std::string> noted_;
  std::vector<Source> sources_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopping_{false};
};

}  // namespace farm::roles
