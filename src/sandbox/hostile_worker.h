// How the tests start workers that do harm (main_test.cpp), and what they look at afterwards.
#pragma once

#include <cstddef>

#include "sandbox/config.h"

namespace farm::sandbox::hostile {

inline constexpr const char* kWorker = "--worker";
inline constexpr const char* kBadWorker = "--bad-worker";
inline constexpr std::size_t kAnswerMaxBytes = 1 << 20;

inline Config config_of_test(std::size_t workers, const char* argument = kWorker) {
  Config config;
  config.arguments = {argument};
  config.workers = workers;
  config.request_max_bytes = 1 << 20;
  config.answer_max_bytes = kAnswerMaxBytes;
  return config;
}

}  // namespace farm::sandbox::hostile
