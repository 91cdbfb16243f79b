#include "net/poller.h"

#include <array>
#include <system_error>
#include <vector>

#include <boost/asio/post.hpp>

namespace farm::net {
namespace {

constexpr std::size_t kMostAtOnce = 256;
constexpr std::size_t kMostInATurn = 256;

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
  if (epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0) return false;
  all_.push_back(watched);
  return true;
}

void Poller::forget(Watched& watched) {
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
// calls more. Timers, other sockets and what was posted have their turn in between.
void Poller::take_turn() {
  for (std::size_t told = 0; told < kMostInATurn;) {
    const std::size_t now = take_events();
    if (now == 0) return wait();
    told += now;
  }
  boost::asio::post(executor(), [this] { take_turn(); });
}

// How many there were.
std::size_t Poller::take_events() {
  std::array<epoll_event, kMostAtOnce> events;
  const int got = epoll_wait(descriptor_.native_handle(), events.data(), kMostAtOnce, 0);
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
