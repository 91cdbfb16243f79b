#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "commands.h"
#include "must.h"

namespace farm::bench {

void stampede(const StampedeOptions& options) {
  std::ifstream in(options.expected, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(in), {}};
  if (expected.empty()) give_up("there is nothing in " + options.expected);
  const std::string request = read_requests(options.load).front();
  Clients clients(options.load);
  const std::size_t connected = clients.count_open();
  const auto began = Clock::now();
  std::size_t waiting = 0;
  for (std::size_t n = 0; n < clients.size(); ++n) waiting += clients[n].send(request) ? 1 : 0;
  std::size_t whole = 0;
  double first_s = 0;
  double last_s = 0;
  while (waiting > 0) {
    const double elapsed_s = std::chrono::duration<double>(Clock::now() - began).count();
    if (elapsed_s > options.patience_s) break;
    clients.poll(100, [&](std::size_t n) {
      const Client::Progress progress = clients[n].receive(&expected);
      if (progress == Client::Progress::kWaiting) return;
      --waiting;
      if (progress != Client::Progress::kWhole) return;
      last_s = std::chrono::duration<double>(Clock::now() - began).count();
      if (whole++ == 0) first_s = last_s;
    });
  }
  std::printf("{\"connected\": %zu, \"whole\": %zu, \"first_s\": %.4f, \"last_s\": %.4f}\n",
              connected, whole, first_s, last_s);
}

}  // namespace farm::bench
