#include "store/upkeep.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace farm::store {
namespace {

constexpr int kNiceness = 10;

}  // namespace

void Upkeep::start(std::vector<Step> steps, std::chrono::milliseconds pause) {
  thread_ = std::thread([this, moved = std::move(steps), pause] { run(moved, pause); });
}

void Upkeep::run(const std::vector<Step>& steps, std::chrono::milliseconds pause) {
  pthread_setname_np(pthread_self(), "upkeep");
  // Whoever waits for an answer goes first. (On Linux a thread has a niceness of its own.)
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
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
