#include "sandbox/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

namespace farm::sandbox {
namespace {

using Steady = std::chrono::steady_clock;

// Above all that a worker gets, so that no descriptor is put over one that is still to be given.
constexpr int kAboveGiven = 10;
constexpr std::chrono::milliseconds kDyingPatience{200};

#ifdef FARM_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

Fd moved_up(const Fd& fd) { return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kAboveGiven)); }

// What the worker is given, and of the parent's only how a sanitizer reports.
std::vector<char*> environment(std::span<std::string> given) {
  std::vector<char*> kept;
  for (std::string& entry : given) kept.push_back(entry.data());
  if constexpr (kSanitized) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      if (std::strstr(*entry, "SAN_OPTIONS=") != nullptr) kept.push_back(*entry);
    }
  }
  kept.push_back(nullptr);
  return kept;
}

// posix_spawn's two objects, set up for a worker.
class SpawnPlan {
 public:
  SpawnPlan(int socket, int area) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    ok_ = prepare(socket, area);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  int spawn(pid_t& pid, const char* program, char* const* arguments, char* const* environment) {
    if (!ok_) return EINVAL;
    return ::posix_spawn(&pid, program, &actions_, &attributes_, arguments, environment);
  }

 private:
  bool prepare(int socket, int area) {
    int failed = 0;
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      // What a worker prints could be a stranger's words in our log.
      if (kSanitized && fd == STDERR_FILENO) continue;
      failed |= posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_RDWR, 0);
    }
    failed |= posix_spawn_file_actions_adddup2(&actions_, socket, kSocketFd);
    failed |= posix_spawn_file_actions_adddup2(&actions_, area, kAreaFd);
    failed |= posix_spawn_file_actions_addclosefrom_np(&actions_, kAreaFd + 1);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    failed |= posix_spawnattr_setsigmask(&attributes_, &none);
    failed |= posix_spawnattr_setsigdefault(&attributes_, &all);
    // In a session of its own: Ctrl-C at the terminal is for the server, which then ends its jobs.
    failed |= posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    return failed == 0;
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  bool ok_ = false;
};

// Until it is readable or ended; false when the time is over.
bool wait_readable(int fd, std::chrono::milliseconds patience) {
  const Steady::time_point deadline = Steady::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(0, left)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

// Whole seconds of CPU time that a process has used, rounded up.
rlim_t cpu_seconds_used(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<rlim_t>(used.tv_sec) + 1;
}

bool set_soft_limit(pid_t pid, __rlimit_resource resource, rlim_t value) {
  rlimit both{};
  if (::prlimit(pid, resource, nullptr, &both) != 0) return false;
  both.rlim_cur = std::min(value, both.rlim_max);
  return ::prlimit(pid, resource, &both, nullptr) == 0;
}

}  // namespace

Result<std::unique_ptr<Process>> Process::spawn(const Config& config) {
  FARM_TRY(Area area, Area::create(config.request_max_bytes, config.answer_max_bytes));
  std::unique_ptr<Process> process(new Process(config, std::move(area)));
  FARM_TRY(process->launch(config));
  return process;
}

Result<void> Process::launch(const Config& config) {
  const auto failed = [&](int error, const char* what) {
    Error told = errno_error(error, "sandbox", what);
    told.code = ErrorCode::kUnavailable;
    return fail(std::move(told));
  };
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return failed(errno, "cannot make a worker's socket");
  }
  socket_ = Fd(pair[0]);
  const Fd theirs_low(pair[1]);
  const Fd theirs = moved_up(theirs_low);
  const Fd area = moved_up(Fd(::fcntl(area_.fd(), F_DUPFD_CLOEXEC, 0)));
  if (!theirs || !area) return failed(errno, "cannot start a worker");

  std::vector<std::string> words = {config.program};
  words.insert(words.end(), config.arguments.begin(), config.arguments.end());
  words.push_back(std::to_string(config.request_max_bytes));
  words.push_back(std::to_string(config.answer_max_bytes));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::vector<std::string> given = config.environment;
  SpawnPlan plan(theirs.get(), area.get());
  if (const int error =
          plan.spawn(pid_, config.program.c_str(), arguments.data(), environment(given).data());
      error != 0) {
    pid_ = -1;
    return failed(error, "cannot start a worker");
  }
  pid_fd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  const std::string statm = "/proc/" + std::to_string(pid_) + "/statm";
  statm_ = Fd(::open(statm.c_str(), O_RDONLY | O_CLOEXEC));
  return ok();
}

Process::~Process() { end(); }

void Process::end() {
  if (pid_ < 0) return;
  (void)::kill(pid_, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
  }
  wait_code_ = info.si_code;
  wait_status_ = info.si_status;
  pid_ = -1;
}

// False if it has not ended by then.
bool Process::wait_for_end(std::chrono::milliseconds patience) {
  if (pid_fd_) return wait_readable(pid_fd_.get(), patience);
  constexpr std::chrono::milliseconds kStep{2};
  for (; patience.count() > 0; patience -= kStep) {
    siginfo_t info{};
    constexpr int kLook = WEXITED | WNOHANG | WNOWAIT;
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, kLook) != 0) return true;
    if (info.si_pid == pid_) return true;
    timespec step{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(kStep).count()};
    (void)::nanosleep(&step, nullptr);
  }
  return false;
}

Result<Level> Process::greet() {
  Hello hello;
  const ssize_t got = ::recv(socket_.get(), &hello, sizeof hello, MSG_DONTWAIT);
  if (got == static_cast<ssize_t>(sizeof hello) && hello.magic == kMagic) {
    address_space_at_start_ = hello.address_space_bytes;
    Level level = Level::of_bits(hello.level);
    level.limits = level.limits && (kSanitized || set_limits(Limits{}));
    return level;
  }
  (void)wait_for_end(kDyingPatience);
  end();
  return fail(ErrorCode::kUnavailable, "sandbox",
              wait_code_ == CLD_EXITED
                  ? "a worker ended at its start, with exit code " + std::to_string(wait_status_)
                  : "a worker died at its start, of signal " + std::to_string(wait_status_));
}

// Soft limits only: what is set for a job is raised again for the next one, and the worker's filter
// does not let it raise anything.
bool Process::set_limits(const Limits& limits) {
  const auto cpu_s =
      static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(limits.cpu).count());
  bool set = set_soft_limit(pid_, RLIMIT_CPU, cpu_seconds_used(pid_) + cpu_s);
  if (!kSanitized && memory_limit_ != limits.memory_bytes) {
    set &= set_soft_limit(pid_, RLIMIT_AS, address_space_at_start_ + limits.memory_bytes);
    memory_limit_ = limits.memory_bytes;
  }
  return set;
}

Process::Outcome Process::died(Death unless_it_says) {
  end();
  Outcome outcome;
  outcome.death = unless_it_says;
  if (unless_it_says == Death::kWall || unless_it_says == Death::kLie ||
      unless_it_says == Death::kStale) {
    return outcome;
  }
  if (wait_code_ == CLD_EXITED) return outcome;
  outcome.signal = wait_status_;
  switch (wait_status_) {
    case SIGSYS:
      outcome.death = Death::kForbidden;
      break;
    case SIGXCPU:
      outcome.death = Death::kCpu;
      break;
    case SIGKILL:
      outcome.death = Death::kKilled;
      break;
    default:
      outcome.death = Death::kCrash;
  }
  return outcome;
}

Process::Outcome Process::run(std::span<const ByteView> request, const Limits& limits) {
  Job job;
  for (const ByteView part : request) {
    std::memcpy(area_.request().data() + job.request_bytes, part.data(), part.size());
    job.request_bytes += part.size();
  }
  job.number = ++last_number_;
  (void)set_limits(limits);
  if (::send(socket_.get(), &job, sizeof job, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    (void)wait_for_end(kDyingPatience);
    return died(Death::kIdle);
  }

  if (!wait_readable(socket_.get(), limits.wall)) return died(Death::kWall);
  Answer answer;
  const ssize_t got = ::recv(socket_.get(), &answer, sizeof answer, MSG_DONTWAIT | MSG_TRUNC);
  if (got <= 0) {
    const bool ended = wait_for_end(kDyingPatience);
    return died(ended ? Death::kExit : Death::kLie);
  }
  if (got != static_cast<ssize_t>(sizeof answer) || answer.answer_bytes > area_.answer().size()) {
    return died(Death::kLie);
  }
  // One that an earlier job left behind: this job has not been heard yet.
  if (answer.number != job.number) return died(Death::kStale);
  Outcome outcome;
  const ByteView shared = area_.answer().first(answer.answer_bytes);
  outcome.answer.assign(shared.begin(), shared.end());
  outcome.status = answer.status;
  outcome.worked = std::chrono::nanoseconds(answer.worked_ns);
  ++jobs_;
  if (area_.resident_bytes() > keep_bytes_) area_.drop();
  return outcome;
}

std::uint64_t Process::address_space_now() const {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(statm_.get(), text.data(), text.size(), 0);
  std::uint64_t pages = 0;
  if (got <= 0) return 0;
  (void)std::from_chars(text.data(), text.data() + got, pages);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool Process::grown(const Limits& limits) const {
  return !kSanitized && address_space_now() > address_space_at_start_ + limits.memory_bytes / 2;
}

}  // namespace farm::sandbox
