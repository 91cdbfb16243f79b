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
// As over Ethernet: with loopback's own, the server's socket buffers grow until they hold the whole
// object, those of all readers more than the kernel allows to all sockets together.
constexpr int kSegment = 1448;

bool given_a_word() {
  pollfd in{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&in, 1, 0) > 0;
}

}  // namespace

void read_slowly(const SlowOptions& options) {
  LoadOptions load = options.load;
  load.receive_buffer_bytes = kReceiveBuffer;
  load.segment_bytes = kSegment;
  const auto requests = read_requests(load);
  Clients clients(load);
  const std::size_t connected = clients.count_open();
  for (std::size_t n = 0; n < clients.size(); ++n) {
    // Some time between them, so that they are not all answered in one moment.
    if (n % 16 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!clients[n].send(requests[n % requests.size()])) clients[n].close();
  }
  std::size_t fed = 0;
  for (std::size_t n = 0; n < clients.size(); ++n) fed += clients[n].drip(kAtOnce) ? 1 : 0;
  std::printf("{\"connected\": %zu, \"reading\": %zu}\n", connected, fed);
  std::fflush(stdout);
  // Evenly over time: a burst of reads would disturb the fast one by itself.
  const double reads_a_second =
      static_cast<double>(clients.size()) * options.bytes_a_second / static_cast<double>(kAtOnce);
  const auto began = Clock::now();
  std::uint64_t read = 0;
  while (!given_a_word()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const double elapsed_s = std::chrono::duration<double>(Clock::now() - began).count();
    const auto until = static_cast<std::uint64_t>(elapsed_s * reads_a_second);
    for (; read < until; ++read) clients[read % clients.size()].drip(kAtOnce);
  }
  std::printf("{\"open\": %zu, \"reads\": %llu}\n", clients.count_open(),
              static_cast<unsigned long long>(read));
}

}  // namespace farm::bench
