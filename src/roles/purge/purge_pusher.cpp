#include "roles/purge/purge_pusher.h"

#include <algorithm>

#include "obs/log.h"
#include "roles/purge/purge_json.h"

namespace farm::roles {
namespace {

// Looks whether the log can be written again that often, while it cannot.
constexpr std::chrono::seconds kIdle{1};

std::int64_t monotonic_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::steady_clock::now().time_since_epoch())
             .count() +
         1;
}

}  // namespace

PurgePusher::PurgePusher(const PurgeConfig& config, std::size_t place, cache::PurgeLog& log,
                         PurgeReceipts& receipts)
    : peer_(config.edges[place], config.timeout),
      place_(place),
      log_(log),
      receipts_(receipts),
      backoff_(config.retry_max) {}

void PurgePusher::start() {
  thread_.start([this] { return step(); });
}

PurgeThread::Sleep PurgePusher::step() {
  (void)log_.flush();
  if (known_ && *known_ >= log_.durable()) {
    behind_since_s_ = 0;
    return {.time = kIdle, .wakeable = true};
  }
  if (behind_since_s_ == 0) behind_since_s_ = monotonic_s();
  std::uint64_t sent = 0;
  const Result<std::uint64_t> known = push(sent);
  receipts_.tried(place_, sent, known);
  report(known);
  if (known) {
    backoff_.reset();
    known_ = known.value();
    return {};
  }
  return {.time = backoff_.next(), .wakeable = false};
}

Result<std::uint64_t> PurgePusher::push(std::uint64_t& sent) {
  const std::uint64_t after = known_.value_or(log_.durable());
  const cache::PurgePage page = log_.page(after, kMaxPagePurges, kMaxPageBytes);
  // If it does not answer at all, it has missed everything so far.
  sent = std::max(page.last, log_.durable());
  ++pushes_;
  FARM_TRY(const std::string answer,
           peer_.call(net::Method::kPost, "/v1/purges/feed", purge_page_json(page)));
  sent = page.last;
  FARM_TRY(const std::uint64_t known, parse_purge_known(answer));
  const bool gap = known < after;  // to be filled by the next page
  const bool same_gap_again = gap && known_ == known;
  if (same_gap_again || (!gap && known < page.last)) {
    return fail(ErrorCode::kUnavailable, "roles", peer_.url() + " does not take what it is sent");
  }
  return known;
}

void PurgePusher::report(const Result<std::uint64_t>& known) {
  if (!known) ++failures_;
  if (!known && !failing_) {
    obs::log_warn("an edge cannot be told of purges; it is tried again until it can",
                  {{"edge", peer_.url()}, {"error", known.error().context}});
  } else if (known && failing_) {
    obs::log_info("an edge can be told of purges again", {{"edge", peer_.url()}});
  }
  failing_ = !known;
}

void PurgePusher::collect(obs::Samples& out) const {
  const obs::Label edge{"edge", peer_.url()};
  out.counter("photofarm_purge_pushes_total", "Attempts to tell an edge of purges.",
              static_cast<double>(pushes_), {edge});
  out.counter("photofarm_purge_push_failures_total", "Those of them that failed.",
              static_cast<double>(failures_), {edge});
  const std::int64_t since = behind_since_s_;
  out.gauge("photofarm_purge_edge_behind_seconds",
            "Since when an edge has not heard of all purges; 0: it has.",
            since == 0 ? 0 : static_cast<double>(monotonic_s() - since), {edge});
}

}  // namespace farm::roles
