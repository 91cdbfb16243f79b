#include "load.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "must.h"

namespace farm::bench {
namespace {

constexpr std::size_t kAtATime = 128;
constexpr int kPatienceMs = 10'000;

}  // namespace

std::vector<std::string> read_requests(const LoadOptions& options) {
  std::ifstream in(options.paths);
  std::vector<std::string> requests;
  for (std::string path; std::getline(in, path);) {
    requests.push_back("GET " + path +
                       " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options.port) + "\r\n\r\n");
  }
  if (requests.empty()) give_up("there are no paths in " + options.paths);
  return requests;
}

void allow_open_files(unsigned connections) {
  const rlim_t wanted = connections + 64;
  rlimit limit{};
  must(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  if (limit.rlim_cur >= wanted) return;
  limit = {.rlim_cur = wanted, .rlim_max = std::max(limit.rlim_max, wanted)};
  must(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

bool wait_for_word() {
  std::fflush(stdout);
  std::array<char, 64> line{};
  return std::fgets(line.data(), line.size(), stdin) != nullptr;
}

Clients::Clients(const LoadOptions& options) : clients_(options.connections) {
  allow_open_files(options.connections);
  epoll_ = must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  const sockaddr_in server = local_server(options.port);
  std::size_t begun = 0;
  std::size_t done = 0;
  while (done < clients_.size()) {
    for (; begun < clients_.size() && begun - done < kAtATime; ++begun) {
      Client& client = clients_[begun];
      client.connect(server, static_cast<unsigned>(begun % options.sources),
                     options.receive_buffer_bytes, options.segment_bytes);
      epoll_event event{.events = EPOLLOUT, .data = {.u64 = begun}};
      if (client.open()) {
        must(::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd(), &event), "epoll_ctl");
      } else {
        ++done;
      }
    }
    const int count = ::epoll_wait(epoll_, events_.data(), kEvents, kPatienceMs);
    if (count <= 0 && begun > done) give_up("the server does not accept connections any more");
    for (int n = 0; n < count; ++n) {
      Client& client = clients_[events_[n].data.u64];
      ++done;
      if (!client.connected()) continue;
      epoll_event event{.events = EPOLLIN, .data = events_[n].data};
      must(::epoll_ctl(epoll_, EPOLL_CTL_MOD, client.fd(), &event), "epoll_ctl");
    }
  }
}

Clients::~Clients() { ::close(epoll_); }

std::size_t Clients::count_open() const {
  return static_cast<std::size_t>(std::ranges::count_if(clients_, &Client::open));
}

void Clients::poll(int timeout_ms, const std::function<void(std::size_t)>& ready) {
  const int count = ::epoll_wait(epoll_, events_.data(), kEvents, timeout_ms);
  for (int n = 0; n < count; ++n) ready(events_[n].data.u64);
}

void Clients::forget(std::size_t n) {
  if (clients_[n].open()) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, clients_[n].fd(), nullptr);
}

std::size_t Clients::ask_once(std::span<const std::string> requests) {
  std::size_t next = 0;
  std::size_t waiting = 0;
  std::size_t whole = 0;
  auto last_news = Clock::now();
  while (true) {
    for (; next < size() && waiting < kAtATime; ++next) {
      if (clients_[next].send(requests[next % requests.size()])) ++waiting;
    }
    if (waiting == 0) return whole;
    poll(1000, [&](std::size_t n) {
      const Client::Progress progress = clients_[n].receive();
      last_news = Clock::now();
      if (progress == Client::Progress::kWaiting) return;
      --waiting;
      if (progress == Client::Progress::kWhole) ++whole;
    });
    if (Clock::now() - last_news > std::chrono::milliseconds(kPatienceMs)) return whole;
  }
}

}  // namespace farm::bench
