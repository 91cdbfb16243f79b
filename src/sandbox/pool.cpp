// The callers' side of a pool; supervisor.cpp has the other.
#include "sandbox/pool.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "sandbox/pool_impl.h"

namespace farm::sandbox {
namespace {

// A job that nothing is wrong with may still meet workers that somebody else kills.
constexpr int kMostTries = 4;
constexpr int kMostKilled = 2;

auto unprocessable(std::string context) {
  return fail(ErrorCode::kUnprocessable, "sandbox", std::move(context));
}

// The worker lives, but the job came to nothing.
Result<void> check_status(Status status, const Limits& limits) {
  switch (status) {
    case Status::kDone:
      return ok();
    case Status::kOutOfMemory:
      return unprocessable(sentence(Death::kCrash, SIGABRT, limits));
    case Status::kTooLarge:
      return fail(ErrorCode::kTooLarge, "sandbox", "what came of it is too large");
    case Status::kFailed:
      break;
  }
  return unprocessable("its worker gave up");
}

}  // namespace

Result<std::unique_ptr<Pool>> Pool::start(Config config) {
  auto impl = std::make_unique<Impl>(std::move(config));
  FARM_TRY(impl->open());
  return std::unique_ptr<Pool>(new Pool(std::move(impl)));
}

Pool::Pool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pool::~Pool() = default;

Result<Pool::Done> Pool::run(std::span<const ByteView> request, const Limits& limits) {
  return impl_->run(request, limits);
}
Level Pool::level() const { return impl_->level(); }
void Pool::collect(obs::Samples& out) const { impl_->collect(out); }

Result<Pool::Done> Pool::Impl::run(std::span<const ByteView> request, const Limits& limits) {
  std::uint64_t request_bytes = 0;
  for (const ByteView part : request) request_bytes += part.size();
  if (request_bytes > config_.request_max_bytes) {
    return fail(ErrorCode::kTooLarge, "sandbox", "it is too large for a worker");
  }
  int killed = 0;
  for (int tries = 0; tries < kMostTries; ++tries) {
    FARM_TRY(const std::size_t index, check_out());
    Process& process = *slots_[index].process;  // busy: nobody else touches it
    const Steady::time_point begun = Steady::now();
    Process::Outcome outcome = process.run(request, limits);
    const auto took = Steady::now() - begun;
    give_back(index, outcome.death, !outcome.death && process.grown(limits));
    if (!outcome.death) {
      FARM_TRY(check_status(outcome.status, limits));
      const auto worked = std::clamp<Steady::duration>(outcome.worked, {}, took);
      return Done{std::move(outcome.answer), took - worked};
    }
    const bool not_its_fault = *outcome.death == Death::kIdle || *outcome.death == Death::kStale ||
                               (*outcome.death == Death::kKilled && ++killed < kMostKilled);
    if (!not_its_fault) return unprocessable(sentence(*outcome.death, outcome.signal, limits));
  }
  return fail(ErrorCode::kBusy, "sandbox", "workers die before they begin; try again soon");
}

Result<std::size_t> Pool::Impl::check_out() {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !idle_.empty(); };
  if (!changed_.wait_for(lock, config_.checkout_patience, ready)) {
    if (start_error_) return fail(*start_error_);
    return fail(ErrorCode::kBusy, "sandbox", "all workers are busy; try again soon");
  }
  const std::size_t index = idle_.back();
  idle_.pop_back();
  slots_[index].state = State::kBusy;
  return index;
}

void Pool::Impl::give_back(std::size_t index, const std::optional<Death>& death, bool grown) {
  {
    const std::lock_guard lock(mutex_);
    Slot& slot = slots_[index];
    if (death) {
      ++deaths_[static_cast<std::size_t>(*death)];
      slot.process.reset();
      slot.state = State::kEmpty;
    } else {
      ++jobs_;
      if (!grown && slot.process->jobs() < slot.jobs_allowed) {
        slot.state = State::kIdle;
        idle_.push_back(index);
        changed_.notify_one();
        return;
      }
      slot.state = State::kUsedUp;
      ++recycled_;
    }
  }
  wake();
}

Level Pool::Impl::level() const {
  const std::lock_guard lock(mutex_);
  return level_.value_or(Level{});
}

void Pool::Impl::collect(obs::Samples& out) const {
  const std::string prefix = "photofarm_" + config_.name + "_";
  const std::lock_guard lock(mutex_);
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  constexpr std::array kNames = {std::pair{State::kIdle, "idle"}, std::pair{State::kBusy, "busy"},
                                 std::pair{State::kStarting, "starting"},
                                 std::pair{State::kEmpty, "missing"}};
  for (const auto& [state, name] : kNames) {
    const auto in_state = std::ranges::count(slots_, state, &Slot::state);
    out.gauge(prefix + "workers", "Worker processes, by what they do.",
              static_cast<double>(in_state), {{"state", name}});
  }
  for (std::size_t i = 0; i < kDeaths; ++i) {
    out.counter(prefix + "worker_deaths_total", "Workers that died, by why.", number(deaths_[i]),
                {{"reason", to_string(static_cast<Death>(i))}});
  }
  out.counter(prefix + "worker_starts_total", "Workers that became ready.", number(starts_));
  out.counter(prefix + "workers_recycled_total",
              "Workers replaced after many jobs, or when they had grown.", number(recycled_));
  out.counter(prefix + "worker_jobs_total", "Jobs that workers answered.", number(jobs_));
  for (const auto& [part, reached] : {std::pair{"filter", level_.value_or(Level{}).filter},
                                      std::pair{"namespaces", level_.value_or(Level{}).namespaces},
                                      std::pair{"no_files", level_.value_or(Level{}).no_files},
                                      std::pair{"limits", level_.value_or(Level{}).limits}}) {
    out.gauge(prefix + "worker_walls", "1 if workers are locked down in this way.", reached ? 1 : 0,
              {{"part", part}});
  }
}

}  // namespace farm::sandbox
