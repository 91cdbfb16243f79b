#include "net/thread.h"

#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <string>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "base/clock.h"
#include "net/http_date.h"

namespace farm::net {
namespace {

constexpr std::chrono::milliseconds kRound{192};  // in which each connection is looked at once
constexpr std::chrono::milliseconds kStoppingTick{20};

}  // namespace

std::int64_t monotonic_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

NetThread::NetThread(std::size_t index, const Config& config,
                     std::atomic<std::size_t>& busy_threads)
    : index_(index), config_(config), busy_threads_(busy_threads) {
  busy_threads_.fetch_add(1);
  tick();
}

void NetThread::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("net-" + std::to_string(index_)).c_str());
    context_.run();
  });
}

void NetThread::stop() {
  boost::asio::post(context_, [this] { begin_stop(); });
}

void NetThread::join() {
  if (thread_.joinable()) thread_.join();
}

void NetThread::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  stop_deadline_ms_ = monotonic_ms() + config_.stop_grace.count();
  timer_.cancel();
  tick();
}

void NetThread::tick() {
  const std::string date = "Date: " + format_http_date(SystemClock().now_ms()) + "\r\n";
  std::ranges::copy(date, date_line_.begin());
  const std::int64_t now_ms = monotonic_ms();
  if (stopping_) {
    for (Slice& slice : supervised_) check(slice, now_ms);
  } else {
    check(supervised_[turn_++ % kSlices], now_ms);
  }
  if (stopping_ && counts_as_busy_ && supervises_nothing()) {
    counts_as_busy_ = false;
    busy_threads_.fetch_sub(1);
  }
  if (stopping_ && (busy_threads_.load() == 0 || now_ms >= stop_deadline_ms_)) {
    context_.stop();
    return;
  }
  schedule_tick();
}

void NetThread::check(Slice& slice, std::int64_t now_ms) {
  for (auto item = slice.begin(); item != slice.end();) (item++)->check(now_ms, stopping_);
}

bool NetThread::supervises_nothing() const {
  return std::ranges::all_of(supervised_, [](const Slice& slice) { return slice.empty(); });
}

void NetThread::schedule_tick() {
  timer_.expires_after(stopping_ ? kStoppingTick : kRound / kSlices);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

}  // namespace farm::net
