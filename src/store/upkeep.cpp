#include "store/upkeep.h"

#include <pthread.h>

namespace farm::store {

void Upkeep::start(std::vector<Step> steps, std::chrono::milliseconds pause) {
  thread_ = std::thread([this, moved = std::move(steps), pause] { run(moved, pause); });
}

void Upkeep::run(const std::vector<Step>& steps, std::chrono::milliseconds pause) {
  pthread_setname_np(pthread_self(), "upkeep");
  for (;;) {
    for (const Step& step : steps) {
      std::unique_lock lock(mutex_);
      if (stopped_) return;
      lock.unlock();
      step();
    }
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, pause, [this] { return stopped_; })) return;
  }
}

void Upkeep::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace farm::store
