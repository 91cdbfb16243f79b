#include <cstdio>
#include <memory>

#include "commands.h"
#include "latencies.h"

namespace farm::bench {
namespace {

constexpr int kPatienceMs = 10'000;  // without any news

class ClosedLoop {
 public:
  ClosedLoop(Clients& clients, const std::vector<std::string>& requests)
      : clients_(clients), requests_(requests), asked_at_(clients.size()) {}

  void run(double seconds) {
    const auto began = Clock::now();
    for (std::size_t n = 0; n < clients_.size(); ++n) ask(n);
    bool news = true;
    while (news && Clock::now() - began < std::chrono::duration<double>(seconds)) {
      news = false;
      clients_.poll(kPatienceMs, [&](std::size_t n) {
        news = true;
        receive(n);
      });
    }
    seconds_ = std::chrono::duration<double>(Clock::now() - began).count();
    if (!news) errors_ += clients_.count_open();
  }

  void print() const {
    std::printf(
        "{\"requests\": %llu, \"errors\": %llu, \"seconds\": %.3f, \"p50_us\": %llu, "
        "\"p99_us\": %llu, \"max_us\": %llu}\n",
        static_cast<unsigned long long>(latencies_->count()),
        static_cast<unsigned long long>(errors_), seconds_,
        static_cast<unsigned long long>(latencies_->at(0.5)),
        static_cast<unsigned long long>(latencies_->at(0.99)),
        static_cast<unsigned long long>(latencies_->max_us()));
  }

 private:
  void ask(std::size_t n) {
    asked_at_[n] = Clock::now();
    if (!clients_[n].send(requests_[next_request_++ % requests_.size()])) fail(n);
  }

  void receive(std::size_t n) {
    const Client::Progress progress = clients_[n].receive();
    if (progress == Client::Progress::kWaiting) return;
    if (progress == Client::Progress::kFailed) return fail(n);
    const auto took = Clock::now() - asked_at_[n];
    latencies_->add_us(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    ask(n);
  }

  void fail(std::size_t n) {
    ++errors_;
    clients_[n].close();
  }

  Clients& clients_;
  const std::vector<std::string>& requests_;
  std::vector<Clock::time_point> asked_at_;
  std::uint64_t next_request_ = 0;
  std::uint64_t errors_ = 0;
  double seconds_ = 0;
  std::unique_ptr<Latencies> latencies_ = std::make_unique<Latencies>();
};

}  // namespace

void measure_turns(const TurnsOptions& options) {
  const auto requests = read_requests(options.load);
  Clients clients(options.load);
  ClosedLoop loop(clients, requests);
  loop.run(options.seconds);
  loop.print();
}

}  // namespace farm::bench
