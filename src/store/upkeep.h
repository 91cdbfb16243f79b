// Keeps a volume set in shape in the background: writes checkpoints of the index, rewrites volumes
// that are garbage to a good part, reads everything back bit by bit. One thread, one thing at a
// time, at bounded rates.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace farm::store {

class Upkeep {
 public:
  // Each is called again and again, one after the other; they tell by themselves whether it is
  // time, and end soon after stop().
  using Step = std::function<void()>;

  Upkeep() = default;
  ~Upkeep() { stop(); }
  void start(std::vector<Step> steps, std::chrono::milliseconds pause);
  void stop();

 private:
  void run(const std::vector<Step>& steps, std::chrono::milliseconds pause);

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace farm::store
