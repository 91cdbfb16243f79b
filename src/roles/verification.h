// Reads every record back in the background, one run at a time. Thread-safe.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "store/photo_store.h"

namespace farm::roles {

class Verification {
 public:
  explicit Verification(store::PhotoStore& store) : store_(store) {}
  ~Verification() { stop(); }

  // False if one runs already.
  bool start();
  void stop();  // ends a run early and waits for it

  struct State {
    bool started = false;  // ever
    bool running = false;
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    std::optional<store::VerifyReport> report;  // of the last run that came to its end
    std::string error;                          // why it did not
  };
  State state() const;

 private:
  void run();

  store::PhotoStore& store_;
  mutable std::mutex mutex_;
  State state_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace farm::roles
