#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include "app/commands.h"
#include "app/config.h"
#include "app/farm.h"
#include "obs/log.h"

namespace farm::app {
namespace {

// Every connection is a descriptor: take as many as the system lets us.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// How long a start may take before the server says that it listens, as it can serve what it knows.
constexpr std::chrono::milliseconds kOpeningPatience{2000};
constexpr std::chrono::milliseconds kOpeningPoll{100};
constexpr int kPollsALine = 50;

// Waits for the opening or for a signal, whichever comes first, and tells how far it is.
std::optional<Result<void>> watch_opening(Farm& farm, const sigset_t& signals, int& signal) {
  const timespec at_once{};
  for (int polls = 0;; ++polls) {
    if (polls % kPollsALine == 0) {
      const Farm::OpeningState state = farm.opening_state();
      obs::log_info("the store is being opened",
                    {{"bytes_done", state.bytes_done}, {"bytes_total", state.bytes_total}});
    }
    if (auto opened = farm.await_opening(kOpeningPoll)) return opened;
    signal = std::max(0, sigtimedwait(&signals, nullptr, &at_once));
    if (signal != 0) return {};
  }
}

}  // namespace

Result<Config> effective_config(const ServeOptions& options) {
  FARM_TRY(Config config, load_config(options.config.empty()
                                          ? std::nullopt
                                          : std::optional<std::filesystem::path>(options.config)));
  if (!options.data.empty()) config.data = options.data;
  if (!options.listen.empty()) config.roles.listen = options.listen;
  return config;
}

int serve(const ServeOptions& options) {
  const auto config = effective_config(options);
  if (!config) return report_error(config.error());

  raise_descriptor_limit();
  (void)std::signal(SIGPIPE, SIG_IGN);
  // Blocked before any thread starts, so that all inherit it and only sigwait() sees them.
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  obs::start_logging(config.value().log);

  auto farm = Farm::start(config.value());
  if (!farm) {
    obs::stop_logging();
    return report_error(farm.error());
  }
  auto opened = farm.value()->await_opening(kOpeningPatience);
  if (!opened || *opened) {
    std::printf("listening on http://%s\n", farm.value()->address().c_str());
    std::fflush(stdout);
  }
  int signal = 0;
  if (!opened) opened = watch_opening(*farm.value(), signals, signal);
  if (opened && !*opened) {
    farm.value().reset();
    obs::stop_logging();
    return report_error(opened->error());
  }
  if (signal == 0) sigwait(&signals, &signal);
  // A second signal ends the process at once; what was acknowledged is on disk.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  obs::log_info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  farm.value().reset();
  obs::log_info("stopped");
  obs::stop_logging();
  return kExitOk;
}

int check_config(const std::string& file) {
  const auto config = load_config(std::filesystem::path(file));
  if (!config) return report_error(config.error());
  std::printf("%s: ok\n", file.c_str());
  return kExitOk;
}

}  // namespace farm::app
