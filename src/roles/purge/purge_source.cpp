#include "roles/purge/purge_source.h"

#include "obs/log.h"
#include "roles/purge/purge_json.h"

namespace farm::roles {

PurgeSource::PurgeSource(const PurgeConfig& config, std::size_t place, PurgeFollower& follower)
    : peer_(config.from[place], config.timeout),
      follower_(follower),
      poll_(config.poll),
      backoff_(config.retry_max) {}

void PurgeSource::start() {
  thread_.start([this] { return step(); });
}

PurgeThread::Sleep PurgeSource::step() {
  const Result<void> done = catch_up();
  report(done);
  if (!done) return {.time = backoff_.next(), .wakeable = false};
  backoff_.reset();
  caught_up_ = true;
  return {.time = poll_, .wakeable = false};
}

Result<void> PurgeSource::catch_up() {
  std::optional<std::uint64_t> before;
  while (!thread_.stopping()) {
    // The first answer tells which log it is, and so from where to go on.
    const std::uint64_t after = log_ ? follower_.known(*log_) : 0;
    if (before && *before == after) {
      return fail(ErrorCode::kUnavailable, "roles", peer_.url() + " does not get on");
    }
    const std::size_t limit = log_ ? kMaxPagePurges : 1;
    FARM_TRY(const std::string text,
             peer_.call(net::Method::kGet, "/v1/purges?after=" + std::to_string(after) +
                                               "&limit=" + std::to_string(limit)));
    FARM_TRY(const cache::PurgePage page, parse_purge_page(text));
    const bool same_log = log_ == page.log;
    FARM_TRY(const std::uint64_t known, follower_.apply(page));
    log_ = page.log;
    if (!page.more && known >= page.last) return ok();
    if (same_log) before = after;
  }
  return fail(ErrorCode::kClosed, "roles", "the process is stopping");
}

void PurgeSource::report(const Result<void>& done) {
  if (!done && !thread_.stopping()) ++failures_;
  if (!done && !failing_ && !thread_.stopping()) {
    obs::log_warn(caught_up_ ? "purges of another process cannot be learned now"
                             : "what another process purged is not known yet: nothing cached "
                               "counts as good before that",
                  {{"process", peer_.url()}, {"error", done.error().context}});
  } else if (done && failing_) {
    obs::log_info("purges of another process are known again", {{"process", peer_.url()}});
  }
  failing_ = !done;
}

void PurgeSource::collect(obs::Samples& out) const {
  const obs::Label process{"process", peer_.url()};
  out.counter("photofarm_purge_poll_failures_total",
              "Failed attempts to learn another process's purges.", static_cast<double>(failures_),
              {process});
  out.gauge("photofarm_purge_caught_up",
            "1 once all that another process purged before the start is known.", caught_up_ ? 1 : 0,
            {process});
}

}  // namespace farm::roles
