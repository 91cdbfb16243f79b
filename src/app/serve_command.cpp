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
  std::printf("listening on http://%s\n", farm.value()->address().c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
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
