#include "route/pool.h"

namespace farm::route {
namespace {

std::int64_t ns_of(Pool::Steady::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

std::string default_host(const ServerAddress& server) {
  constexpr std::uint16_t kHttpPort = 80;
  std::string text = server.text();
  if (server.port == kHttpPort) text.resize(text.rfind(':'));
  return text;
}

}  // namespace

Pool::Pool(PoolConfig config)
    : config_(std::move(config)), states_(std::make_unique<State[]>(config_.servers.size())) {
  for (const ServerAddress& server : config_.servers) {
    hosts_.push_back(config_.host.empty() ? default_host(server) : config_.host);
  }
}

bool Pool::is_good(std::size_t i, Steady::time_point now) const {
  return states_[i].failed_until.load(std::memory_order_relaxed) <= ns_of(now);
}

std::size_t Pool::next(Steady::time_point now) {
  const std::size_t first = turn_.fetch_add(1, std::memory_order_relaxed) % size();
  for (std::size_t i = 0; i < size(); ++i) {
    const std::size_t candidate = (first + i) % size();
    if (is_good(candidate, now)) return candidate;
  }
  return first;
}

void Pool::failed(std::size_t i, Steady::time_point now) {
  states_[i].failed_until.store(ns_of(now + config_.retry_after), std::memory_order_relaxed);
}

void Pool::succeeded(std::size_t i) {
  // Written only where it changes something: every answer comes through here.
  std::atomic<std::int64_t>& until = states_[i].failed_until;
  if (until.load(std::memory_order_relaxed) != 0) until.store(0, std::memory_order_relaxed);
}

std::size_t Pool::good(Steady::time_point now) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < size(); ++i) count += is_good(i, now) ? 1 : 0;
  return count;
}

}  // namespace farm::route
