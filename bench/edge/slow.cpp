#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "commands.h"

namespace farm::bench {
namespace {

constexpr std::size_t kAtOnce = 4;  // bytes
constexpr int kReceiveBuffer = 4096;

bool given_a_word() {
  pollfd in{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&in, 1, 0) > 0;
}

// Does `what` with 0, 1, 2 and so on, evenly over time: bursts would disturb the fast one by
// themselves. Asks `goes_on` before each burst of a millisecond's; how often it was done.
template <class What, class GoesOn>
std::uint64_t do_evenly(double times_a_second, const What& what, const GoesOn& goes_on) {
  const auto began = Clock::now();
  std::uint64_t done = 0;
  while (goes_on(done)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const double elapsed_s = std::chrono::duration<double>(Clock::now() - began).count();
    const auto until = static_cast<std::uint64_t>(elapsed_s * times_a_second);
    for (; done < until; ++done) what(done);
  }
  return done;
}

}  // namespace

void read_slowly(const SlowOptions& options) {
  LoadOptions load = options.load;
  load.receive_buffer_bytes = kReceiveBuffer;
  const auto requests = read_requests(load);
  Clients clients(load);
  const std::size_t connected = clients.count_open();
  const double begun_a_second = static_cast<double>(clients.size()) / options.over_s;
  const auto begin = [&](std::uint64_t n) {
    if (n >= clients.size()) return;
    if (!clients[n].send(requests[n % requests.size()])) clients[n].close();
  };
  do_evenly(begun_a_second, begin, [&](std::uint64_t n) { return n < clients.size(); });
  std::size_t fed = 0;
  for (std::size_t n = 0; n < clients.size(); ++n) fed += clients[n].drip(kAtOnce) ? 1 : 0;
  std::printf("{\"connected\": %zu, \"reading\": %zu}\n", connected, fed);
  std::fflush(stdout);
  const double reads_a_second =
      static_cast<double>(clients.size()) * options.bytes_a_second / static_cast<double>(kAtOnce);
  const auto read = [&](std::uint64_t n) { clients[n % clients.size()].drip(kAtOnce); };
  const std::uint64_t reads =
      do_evenly(reads_a_second, read, [](std::uint64_t) { return !given_a_word(); });
  std::printf("{\"open\": %zu, \"reads\": %llu}\n", clients.count_open(),
              static_cast<unsigned long long>(reads));
}

}  // namespace farm::bench
