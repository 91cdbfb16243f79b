// What the load generators share: many clients behind one epoll, and the talk with the script that
// runs them, which looks at the server while they hold still.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "client.h"

namespace farm::bench {

using Clock = std::chrono::steady_clock;

struct LoadOptions {
  std::uint16_t port = 0;  // of the server, on 127.0.0.1
  std::string paths;       // a file, a path each line, asked for one after the other
  unsigned connections = 1;
  unsigned sources = 8;          // addresses to connect from, 127.0.0.1 and the next
  int receive_buffer_bytes = 0;  // this and the next as in Client::connect
  int segment_bytes = 0;
};

// GET requests as they go onto the wire, for each line of the file. Never empty.
std::vector<std::string> read_requests(const LoadOptions& options);

// Raises the limit of open files to what `connections` need; ends the program where it may not.
void allow_open_files(unsigned connections);

// Waits for a line on stdin. False at its end: the script is gone.
bool wait_for_word();

class Clients {
 public:
  // Connects all, no more than 128 at a time, so that no backlog overflows; those that do not
  // become connected are closed.
  explicit Clients(const LoadOptions& options);
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  ~Clients();

  std::size_t size() const { return clients_.size(); }
  Client& operator[](std::size_t n) { return clients_[n]; }
  std::size_t count_open() const;

  // Calls `ready` with the number of each client that has something to read, or is at its end.
  // Returns after one wait of at most `timeout_ms`.
  void poll(int timeout_ms, const std::function<void(std::size_t)>& ready);
  // No more of this one: reads of it are the caller's own affair.
  void forget(std::size_t n);

  // Each sends one request in turn, no more than 128 at a time, and waits for the whole response.
  // Returns how many got theirs.
  std::size_t ask_once(std::span<const std::string> requests);

 private:
  static constexpr int kEvents = 512;  // taken by one wait

  std::vector<Client> clients_;
  std::array<epoll_event, kEvents> events_{};
  int epoll_ = -1;
};

}  // namespace farm::bench
