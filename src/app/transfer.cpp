#include "app/transfer.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace farm::app {
namespace {

constexpr int kTries = 6;

// Whether the next request would fare no better: no server, a key that is no good, a full disk.
bool meets_every_other(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kUnauthorized ||
         error.code == ErrorCode::kForbidden || error.code == ErrorCode::kNoSpace;
}

}  // namespace

Transfer::Transfer(const ServerOptions& server, std::size_t jobs, std::string verb,
                   std::uint64_t total)
    : server_(server), jobs_(jobs), progress_(std::move(verb), "photos", total) {}

Result<void> Transfer::run(std::size_t count, const Move& move, const NameOf& name_of) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stopped{false};
  const auto work = [&] {
    auto client = ApiClient::make(server_);
    if (!client) stopped = true;
    while (!stopped) {
      const std::size_t index = next++;
      if (index >= count) return;
      if (!move_one(client.value(), index, move, name_of)) stopped = true;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(jobs_, count); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (stopped_by_) return fail(*stopped_by_);
  return ok();
}

bool Transfer::move_one(ApiClient& client, std::size_t index, const Move& move,
                        const NameOf& name_of) {
  const Result<void> done = move(client, index);
  progress_.advance();
  if (done) return true;
  if (meets_every_other(done.error())) {
    const std::lock_guard lock(mutex_);
    stopped_by_ = done.error();
    return false;
  }
  ++failed_;
  progress_.print_error("photofarm: " + name_of(index) + ": " + done.error().context);
  return true;
}

std::uint64_t Transfer::finish() {
  progress_.finish();
  return failed_;
}

bool worth_another_try(const Error& error) {
  return error.code == ErrorCode::kBusy || error.code == ErrorCode::kClosed ||
         error.code == ErrorCode::kTimeout;
}

bool wait_to_try_again(int attempt) {
  if (attempt >= kTries) return false;
  std::this_thread::sleep_for(std::chrono::milliseconds(100 << attempt));
  return true;
}

}  // namespace farm::app
