#include "net/poller.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include <boost/asio/post.hpp>

#include "net/system_calls.h"
#include "net/thread.h"
#include "obs/log.h"

namespace farm::net {
namespace {

constexpr std::size_t kMostAtOnce = 64;
constexpr std::size_t kMostInATurn = 64;  // less than twice as many, that is

int new_set() {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return set;
}

}  // namespace

Poller::Poller(boost::asio::io_context& context) : descriptor_(context, new_set()) { wait(); }

Poller::~Poller() {
  std::vector<Waiter> waiting;
  for (Watched& watched : all_) waiting.push_back(watched.abandon());
  all_.clear();
}

bool Poller::watch(int socket, Watched& watched) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &watched}};
  if (epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0) {
    obs::log_warn("cannot watch a connection; it is closed", {{"error", std::strerror(errno)}});
    return false;
  }
  all_.push_back(watched);
  return true;
}

void Poller::forget(int socket, Watched& watched) {
  epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
  watched.unlink();
  for (epoll_event& event : untold_) {
    if (event.data.ptr == &watched) event.data.ptr = nullptr;
  }
}

void Poller::wait() {
  descriptor_.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) take_turn();
  });
}

// While there is much to do, looking again is cheaper than waiting anew, which takes two system
// calls more. Timers, other sockets and what was posted stand still meanwhile: not for more than
// some events, nor beyond the kernel's tick if these take long.
void Poller::take_turn() {
  const std::int64_t began_ms = monotonic_ms();
  for (std::size_t told = 0; told < kMostInATurn && monotonic_ms() == began_ms;) {
    const std::size_t now = take_events();
    if (now == 0) return wait();
    told += now;
  }
  boost::asio::post(executor(), [this] { take_turn(); });
}

// How many there were.
std::size_t Poller::take_events() {
  std::array<epoll_event, kMostAtOnce> events;
  const int got = system_calls::take_events(descriptor_.native_handle(), events);
  const std::size_t count = got > 0 ? static_cast<std::size_t>(got) : 0;
  untold_ = std::span(events).first(count);
  while (!untold_.empty()) {
    const epoll_event event = untold_.front();
    untold_ = untold_.subspan(1);
    if (event.data.ptr != nullptr) static_cast<Watched*>(event.data.ptr)->ready(event.events);
  }
  return count;
}

}  // namespace farm::net
