// How long the stages of an upload take: photofarm_upload_stage_seconds{stage}.
#pragma once

#include <chrono>
#include <string_view>

#include "obs/metrics.h"

namespace farm::roles {

// The histogram of a stage: receive, decode, reduce, encode, store (with its fsync),
// catalog (with its fsync).
obs::Histogram upload_stage(obs::Metrics& metrics, std::string_view stage);

// Observes the time from its making to its end. Not thread-safe.
class StageTimer {
 public:
  explicit StageTimer(const obs::Histogram& histogram) : histogram_(histogram) {}
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;
  ~StageTimer() {
    histogram_.observe(std::chrono::duration<double>(Steady::now() - start_).count());
  }

 private:
  using Steady = std::chrono::steady_clock;
  const obs::Histogram& histogram_;
  Steady::time_point start_ = Steady::now();
};

}  // namespace farm::roles
