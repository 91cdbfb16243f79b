// The pool's own thread: starts workers, sees them ready or dead, ends and replaces them.
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/digest.h"
#include "obs/log.h"
#include "sandbox/pool_impl.h"

namespace farm::sandbox {
namespace {

// What an epoll event is about, in its 64 bits: a kind, a slot, and whose.
enum class Kind : std::uint64_t { kWake, kSocket, kPidFd };

std::uint64_t tag(Kind kind, std::size_t index, std::uint32_t whose) {
  return static_cast<std::uint64_t>(kind) << 62 | static_cast<std::uint64_t>(index) << 32 | whose;
}

// A start that fails is tried again after a while, twice as long each time.
constexpr std::chrono::milliseconds kFirstDelay{100};
constexpr std::uint32_t kMostDoublings = 6;

}  // namespace

Pool::Impl::Impl(Config config) : config_(std::move(config)), slots_(config_.workers) {
  std::array<std::byte, sizeof seed_> random{};
  random_bytes(random);
  seed_ = load_le<std::uint64_t>(random, 0);
}

Pool::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  if (!supervisor_.joinable()) return;
  wake();
  supervisor_.join();
}

Result<void> Pool::Impl::open() {
  events_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  wake_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{.events = EPOLLIN, .data = {.u64 = tag(Kind::kWake, 0, 0)}};
  if (!events_ || !wake_ || ::epoll_ctl(events_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) {
    return fail(errno_error(errno, "sandbox", "cannot watch workers"));
  }
  supervisor_ = std::thread(&Impl::supervise, this);

  std::unique_lock lock(mutex_);
  const auto known = [this] { return !idle_.empty() || start_error_.has_value(); };
  if (!changed_.wait_for(lock, config_.start_patience, known)) {
    return fail(ErrorCode::kUnavailable, "sandbox", "no worker becomes ready");
  }
  if (idle_.empty()) return fail(*start_error_);
  return ok();
}

void Pool::Impl::wake() { (void)::eventfd_write(wake_.get(), 1); }

// So that not all of them are replaced at once.
std::uint32_t Pool::Impl::jittered_jobs() {
  seed_ = seed_ * 6364136223846793005U + 1442695040888963407U;
  const std::uint64_t jobs = std::max<std::uint64_t>(1, config_.jobs_per_worker);
  const std::uint64_t spread = jobs / 2;
  const std::uint64_t by_chance = spread == 0 ? 0 : (seed_ >> 33) % (spread + 1);
  return static_cast<std::uint32_t>(jobs - spread / 2 + by_chance);
}

void Pool::Impl::supervise() {
  pthread_setname_np(pthread_self(), "sandbox");
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    tidy_up();
    await_events();
  }
  const std::lock_guard lock(mutex_);
  for (Slot& slot : slots_) slot.process.reset();
}

// The supervisor alone changes slots that are empty, starting or used up, so it may let go of the
// lock while it works at one.
void Pool::Impl::tidy_up() {
  std::unique_lock lock(mutex_);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.state == State::kUsedUp) end_used_up(i, lock);
    if (slot.state == State::kStarting && Steady::now() >= slot.ready_by) {
      start_failed(i, make_error(ErrorCode::kUnavailable, "sandbox", "a worker does not start"));
    }
    if (slot.state == State::kEmpty && Steady::now() >= slot.not_before) start_worker(i, lock);
  }
}

void Pool::Impl::end_used_up(std::size_t index, std::unique_lock<std::mutex>& lock) {
  const std::unique_ptr<Process> process = std::move(slots_[index].process);
  lock.unlock();
  process->end();
  lock.lock();
  slots_[index].state = State::kEmpty;
}

void Pool::Impl::start_worker(std::size_t index, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  auto process = Process::spawn(config_);
  lock.lock();
  if (!process) return start_failed(index, std::move(process).error());
  Slot& slot = slots_[index];
  slot.process = std::move(process).value();
  slot.state = State::kStarting;
  slot.ready_by = Steady::now() + config_.start_patience;
  slot.jobs_allowed = jittered_jobs();
  watch(index, *slot.process);
}

void Pool::Impl::start_failed(std::size_t index, Error error) {
  Slot& slot = slots_[index];
  slot.process.reset();
  slot.state = State::kEmpty;
  slot.not_before =
      Steady::now() + kFirstDelay * (1U << std::min(slot.failed_starts, kMostDoublings));
  ++slot.failed_starts;
  ++deaths_[static_cast<std::size_t>(Death::kNoStart)];
  if (!start_error_) obs::log_error("workers do not start", {{"detail", error.context}});
  start_error_ = std::move(error);
  changed_.notify_all();
}

// The socket tells that it is ready, and is its caller's from then on; the pid fd tells its end,
// once.
void Pool::Impl::watch(std::size_t index, const Process& process) {
  epoll_event ready{.events = EPOLLIN | EPOLLONESHOT,
                    .data = {.u64 = tag(Kind::kSocket, index, process.pid())}};
  epoll_event gone{.events = EPOLLIN | EPOLLET,
                   .data = {.u64 = tag(Kind::kPidFd, index, process.pid())}};
  (void)::epoll_ctl(events_.get(), EPOLL_CTL_ADD, process.socket(), &ready);
  if (process.pid_fd() >= 0) {
    (void)::epoll_ctl(events_.get(), EPOLL_CTL_ADD, process.pid_fd(), &gone);
  }
}

std::chrono::milliseconds Pool::Impl::next_deadline() const {
  constexpr std::chrono::milliseconds kNothing{60'000};
  const std::lock_guard lock(mutex_);
  Steady::time_point next = Steady::now() + kNothing;
  for (const Slot& slot : slots_) {
    if (slot.state == State::kUsedUp) return std::chrono::milliseconds{0};
    if (slot.state == State::kEmpty) next = std::min(next, slot.not_before);
    if (slot.state == State::kStarting) next = std::min(next, slot.ready_by);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Steady::now());
  return std::max(left, std::chrono::milliseconds{0});
}

void Pool::Impl::await_events() {
  std::array<epoll_event, 16> events{};
  const int count = ::epoll_wait(events_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(next_deadline().count()));
  for (int i = 0; i < count; ++i) {
    const std::uint64_t about = events[static_cast<std::size_t>(i)].data.u64;
    const auto kind = static_cast<Kind>(about >> 62);
    const std::size_t index = (about >> 32) & 0x3fffffff;
    const auto pid = static_cast<pid_t>(about & 0xffffffff);
    if (kind == Kind::kWake) {
      eventfd_t ignored = 0;
      (void)::eventfd_read(wake_.get(), &ignored);
    } else if (kind == Kind::kSocket) {
      started(index, pid);
    } else {
      ended(index, pid);
    }
  }
}

void Pool::Impl::started(std::size_t index, pid_t pid) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[index];
  if (slot.state != State::kStarting || slot.process->pid() != pid) return;
  const auto level = slot.process->greet();
  if (!level) return start_failed(index, level.error());
  if (!level_) level_ = level.value();
  if (config_.required && !level.value().whole()) {
    std::string missing = "workers cannot be locked down as is required:";
    for (const std::string& what : level.value().missing()) missing += " " + what + ";";
    missing.pop_back();
    return start_failed(index, make_error(ErrorCode::kUnavailable, "sandbox", missing));
  }
  slot.failed_starts = 0;
  slot.state = State::kIdle;
  idle_.insert(idle_.begin(), index);
  ++starts_;
  start_error_.reset();
  changed_.notify_all();
}

// One that dies at its work is its caller's to bury, and one that dies at its start tells so by its
// socket.
void Pool::Impl::ended(std::size_t index, pid_t pid) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[index];
  if (slot.state != State::kIdle || slot.process->pid() != pid) return;
  std::erase(idle_, index);
  ++deaths_[static_cast<std::size_t>(Death::kIdle)];
  slot.process.reset();
  slot.state = State::kEmpty;
}

}  // namespace farm::sandbox
