#include "roles/verification.h"

#include "obs/log.h"

namespace farm::roles {

bool Verification::start() {
  const std::lock_guard lock(mutex_);
  if (state_.running || stop_) return false;
  if (thread_.joinable()) thread_.join();  // of an earlier run, which has ended
  state_ = {};
  state_.started = state_.running = true;
  thread_ = std::thread([this] { run(); });
  return true;
}

void Verification::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

Verification::State Verification::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void Verification::run() {
  obs::log_info("verification started");
  auto report = store_.verify([this](std::uint64_t done, std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    state_.bytes_done = done;
    state_.bytes_total = total;
    return !stop_;
  });
  const std::lock_guard lock(mutex_);
  state_.running = false;
  if (!report) {
    state_.error = report.error().message();
    obs::log_warn("verification ended early", {{"error", state_.error}});
    return;
  }
  obs::log_info("verification ended", {{"records", report.value().records},
                                       {"bytes", report.value().bytes},
                                       {"damaged", report.value().damaged_count}});
  state_.report = std::move(report).value();
}

}  // namespace farm::roles
