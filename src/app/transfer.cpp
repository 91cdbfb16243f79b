#include "app/transfer.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace farm::app {
namespace {

constexpr int kTries = 6;

}  // namespace

bool run_jobs(const ServerOptions& server, std::size_t count, std::size_t jobs,
              const std::function<bool(ApiClient& client, std::size_t index)>& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stopped{false};
  const auto run = [&] {
    auto client = ApiClient::make(server);
    if (!client) stopped = true;
    while (!stopped) {
      const std::size_t index = next++;
      if (index >= count) return;
      if (!work(client.value(), index)) stopped = true;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(jobs, count); ++i) threads.emplace_back(run);
  for (std::thread& thread : threads) thread.join();
  return !stopped;
}

bool worth_another_try(const Error& error) {
  return error.code == ErrorCode::kBusy || error.code == ErrorCode::kClosed ||
         error.code == ErrorCode::kTimeout;
}

bool meets_every_other(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kUnauthorized ||
         error.code == ErrorCode::kForbidden || error.code == ErrorCode::kNoSpace;
}

bool wait_to_try_again(int attempt) {
  if (attempt >= kTries) return false;
  std::this_thread::sleep_for(std::chrono::milliseconds(100 << attempt));
  return true;
}

}  // namespace farm::app
