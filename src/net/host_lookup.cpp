#include "net/host_lookup.h"

#include <algorithm>

#include <boost/asio/redirect_error.hpp>

namespace farm::net {

namespace asio = boost::asio;
using boost::system::error_code;

io::Task<Result<HostLookup::Addresses>> HostLookup::find(std::string host,
                                                         std::chrono::milliseconds patience) {
  error_code error;
  const auto literal = asio::ip::make_address(host, error);
  if (!error) co_return Addresses{literal};
  const auto self = shared_from_this();
  auto at = entries_.find(host);
  if (at == entries_.end()) {
    if (!make_room()) co_return fail(ErrorCode::kBusy, "net", "too many names are looked up");
    at = entries_.try_emplace(host).first;
  }
  if (!at->second.running && Steady::now() >= at->second.good_until) start(host, at->second);
  if (at->second.running) {
    Timer timer(executor_);
    timer.expires_after(patience);
    at->second.waiting.push_back(&timer);
    co_await timer.async_wait(asio::redirect_error(io::use_task, error));
    at = entries_.find(host);  // an entry that is waited for is not removed
    std::erase(at->second.waiting, &timer);
  }
  const Entry& entry = at->second;
  if (!entry.addresses.empty()) co_return entry.addresses;
  if (entry.running) co_return fail(ErrorCode::kTimeout, "net", "looking up " + host);
  co_return fail(ErrorCode::kUnavailable, "net", "cannot look up " + host + ": " + entry.error);
}

// Forgets the answer that is the oldest.
bool HostLookup::make_room() {
  if (entries_.size() < kMaxNames) return true;
  auto oldest = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->second.running || !at->second.waiting.empty()) continue;
    if (oldest == entries_.end() || at->second.good_until < oldest->second.good_until) oldest = at;
  }
  if (oldest == entries_.end()) return false;
  entries_.erase(oldest);
  return true;
}

void HostLookup::start(const std::string& host, Entry& entry) {
  entry.running = true;
  resolver_.async_resolve(host, "",
                          [weak = weak_from_this(), host](const error_code& error,
                                                          const Resolver::results_type& found) {
                            if (const auto self = weak.lock()) self->finish(host, error, found);
                          });
}

void HostLookup::finish(const std::string& host, const error_code& error,
                        const Resolver::results_type& found) {
  Entry& entry = entries_.find(host)->second;
  entry.running = false;
  const bool good = !error && !found.empty();
  entry.good_until = Steady::now() + (good ? kKept : kKeptWithoutAnswer);
  if (good) {
    entry.addresses.clear();
    for (const auto& one : found) entry.addresses.push_back(one.endpoint().address());
  } else {
    entry.error = error.message();
  }
  for (Timer* const timer : entry.waiting) timer->cancel();
}

}  // namespace farm::net
