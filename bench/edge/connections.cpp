#include <algorithm>
#include <cstdio>
#include <memory>

#include "commands.h"
#include "latencies.h"

namespace farm::bench {
namespace {

constexpr std::chrono::seconds kDrain{10};  // for what is under way at the end
constexpr double kWindowS = 0.5;

// Request number k is due at k / rate, on connection k modulo their number.
class OpenLoop {
 public:
  OpenLoop(Clients& clients, const std::vector<std::string>& requests, double rate)
      : clients_(clients), requests_(requests), rate_(rate), turns_(clients.size()) {}

  void run(double seconds) {
    const auto all = static_cast<std::uint64_t>(rate_ * seconds);
    began_ = Clock::now();
    while (due_ < all) {
      const double elapsed_s = std::chrono::duration<double>(Clock::now() - began_).count();
      const auto until = std::min(all, static_cast<std::uint64_t>(elapsed_s * rate_));
      for (; due_ < until; ++due_) become_due(due_ % clients_.size());
      clients_.poll(0, [&](std::size_t n) { receive(n); });
    }
    const auto give_up_at = Clock::now() + kDrain;
    while (whole_ + errors_ < all && Clock::now() < give_up_at)
      clients_.poll(10, [&](std::size_t n) { receive(n); });
    errors_ += all - whole_ - errors_;  // never answered
    seconds_ = std::chrono::duration<double>(Clock::now() - began_).count();
  }

  void print() const {
    std::printf(
        "{\"requests\": %llu, \"errors\": %llu, \"bytes\": %llu, \"seconds\": %.3f, "
        "\"p50_us\": %llu, \"p99_us\": %llu, \"p999_us\": %llu, \"max_us\": %llu, "
        "\"open\": %zu, \"window_p99s_us\": [",
        static_cast<unsigned long long>(whole_), static_cast<unsigned long long>(errors_),
        static_cast<unsigned long long>(bytes_), seconds_,
        static_cast<unsigned long long>(latencies_->at(0.5)),
        static_cast<unsigned long long>(latencies_->at(0.99)),
        static_cast<unsigned long long>(latencies_->at(0.999)),
        static_cast<unsigned long long>(latencies_->max_us()), clients_.count_open());
    for (std::size_t n = 0; n < window_p99s_us_.size(); ++n) {
      std::printf("%s%llu", n == 0 ? "" : ", ",
                  static_cast<unsigned long long>(window_p99s_us_[n]));
    }
    std::printf("]}\n");
  }

 private:
  struct Turns {  // of one connection
    std::uint64_t due = 0;
    std::uint64_t sent = 0;
    bool waiting = false;
  };

  void become_due(std::size_t n) {
    ++turns_[n].due;
    if (!turns_[n].waiting) send_next(n);
  }

  void send_next(std::size_t n) {
    Turns& turns = turns_[n];
    turns.waiting = clients_[n].send(requests_[next_request_++ % requests_.size()]);
    ++turns.sent;
    if (!turns.waiting) ++errors_;
  }

  void receive(std::size_t n) {
    Turns& turns = turns_[n];
    const Client::Progress progress = clients_[n].receive();
    if (progress == Client::Progress::kWaiting) return;
    if (!turns.waiting) {  // closed by the server between two requests: the next one fails
      clients_[n].close();
      return;
    }
    turns.waiting = false;
    if (progress == Client::Progress::kFailed) {
      ++errors_;
    } else {
      const double due_s = static_cast<double>(n + (turns.sent - 1) * clients_.size()) / rate_;
      const auto now_s = std::chrono::duration<double>(Clock::now() - began_).count();
      add_latency(now_s, static_cast<std::int64_t>((now_s - due_s) * 1e6));
      ++whole_;
      bytes_ += clients_[n].body_bytes();
    }
    if (turns.sent < turns.due) send_next(n);
  }

  void add_latency(double now_s, std::int64_t us) {
    latencies_->add_us(us);
    if (now_s >= window_ends_s_) {
      window_p99s_us_.push_back(window_->at(0.99));
      *window_ = {};
      window_ends_s_ = now_s + kWindowS;
    }
    window_->add_us(us);
  }

  Clients& clients_;
  const std::vector<std::string>& requests_;
  const double rate_;
  std::vector<Turns> turns_;
  Clock::time_point began_;
  std::uint64_t due_ = 0;
  std::uint64_t next_request_ = 0;
  std::uint64_t whole_ = 0;
  std::uint64_t errors_ = 0;
  std::uint64_t bytes_ = 0;
  double seconds_ = 0;
  std::unique_ptr<Latencies> latencies_ = std::make_unique<Latencies>();
  // Of each half second by itself.
  std::unique_ptr<Latencies> window_ = std::make_unique<Latencies>();
  double window_ends_s_ = kWindowS;
  std::vector<std::uint64_t> window_p99s_us_;
};

}  // namespace

void measure_connections(const ConnectionsOptions& options) {
  const auto requests = read_requests(options.load);
  Clients clients(options.load);
  std::printf("{\"connected\": %zu}\n", clients.count_open());
  if (!wait_for_word()) return;
  const std::size_t served = clients.ask_once(requests);
  std::printf("{\"served\": %zu}\n", served);
  if (!wait_for_word()) return;
  OpenLoop loop(clients, requests, options.rate);
  loop.run(options.seconds);
  loop.print();
}

}  // namespace farm::bench
