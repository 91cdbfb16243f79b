#include "roles/purge/purger.h"

#include <algorithm>

#include "obs/log.h"
#include "roles/purge/purge_json.h"

namespace farm::roles {
namespace {

std::vector<std::string> urls(const std::vector<PurgePeerConfig>& peers) {
  std::vector<std::string> all;
  for (const PurgePeerConfig& peer : peers) all.push_back(peer.url);
  return all;
}

auto no_receipt() {
  return fail(ErrorCode::kNotFound, "roles",
              "there is no receipt with this id; only the newest are kept, until the next start");
}

}  // namespace

Purger::Purger(const PurgeConfig& config, cache::PurgeLog& log, cache::MemoryTier* memory,
               std::size_t max_waiting)
    : log_(log),
      memory_(memory),
      wait_(config.wait),
      follower_(log, memory),
      receipts_(urls(config.edges), config.receipts),
      max_waiting_(max_waiting) {
  for (std::size_t i = 0; i < config.edges.size(); ++i) {
    pushers_.push_back(std::make_unique<PurgePusher>(config, i, log, receipts_));
  }
  for (std::size_t i = 0; i < config.from.size(); ++i) {
    sources_.push_back(std::make_unique<PurgeSource>(config, i, follower_));
  }
  ready_ = sources_.empty();
}

void Purger::set_listener(std::function<void()> listener) {
  listener_ = listener;
  follower_.set_listener(std::move(listener));
}

void Purger::start() {
  for (const auto& pusher : pushers_) pusher->start();
  for (const auto& source : sources_) source->start();
}

void Purger::stop() {
  for (const auto& pusher : pushers_) pusher->request_stop();
  for (const auto& source : sources_) source->request_stop();
  for (const auto& pusher : pushers_) pusher->stop();
  for (const auto& source : sources_) source->stop();
}

Purger::Begun Purger::begin(std::span<const cache::Purge> purges) {
  cache::PurgeLog::Appended appended = log_.append(purges);
  for (const auto& pusher : pushers_) pusher->wake();
  if (listener_) listener_();
  // After the log: what comes into memory from now on is judged by it.
  const std::uint64_t objects = memory_ == nullptr ? 0 : cache::purge_memory(purges, *memory_);
  receipts_.add(appended.number, purges.size(), objects);
  purges_ += purges.size();
  memory_objects_ += objects;
  if (!appended.durable) {
    obs::log_error("purges could not be written; edges hear of them when they can",
                   {{"purges", purges.size()}, {"error", appended.durable.error().message()}});
  }
  return {appended.number, std::move(appended.durable)};
}

std::uint64_t Purger::begin_photo(PhotoId id) {
  const cache::Purge purge{cache::Purge::Kind::kTag, "p" + id.str()};
  return begin({&purge, 1}).id;
}

Result<PurgeReceipt> Purger::await(std::uint64_t id) {
  const bool may_wait = waiting_.fetch_add(1) < max_waiting_;
  auto receipt = may_wait ? receipts_.await(id, wait_) : receipts_.find(id);
  --waiting_;
  if (!receipt) return no_receipt();
  return std::move(*receipt);
}

Result<PurgeReceipt> Purger::receipt(std::uint64_t id) const {
  auto receipt = receipts_.find(id);
  if (!receipt) return no_receipt();
  return std::move(*receipt);
}

bool Purger::ready() const {
  if (ready_) return true;
  ready_ = std::ranges::all_of(sources_, [](const auto& source) { return source->caught_up(); });
  return ready_;
}

cache::PurgePage Purger::page(std::uint64_t after, std::size_t max_purges) const {
  return log_.page(after, std::min(max_purges, kMaxPagePurges), kMaxPageBytes);
}

void Purger::collect(obs::Samples& out) const {
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  const cache::PurgeLog::Stats log = log_.stats();
  out.counter("photofarm_purges_total", "Purges that began here or came from others.",
              number(purges_), {{"from", "here"}});
  out.counter("photofarm_purges_total", "Purges that began here or came from others.",
              number(follower_.purges()), {{"from", "others"}});
  out.counter("photofarm_purge_memory_objects_total",
              "Objects that purges of this process took out of memory.", number(memory_objects_));
  out.counter("photofarm_purge_resets_total",
              "Times that everything was purged, for purges that were missed and forgotten.",
              number(follower_.resets()));
  out.gauge("photofarm_purge_log_purges", "Purges in the log.", number(log.purges));
  out.gauge("photofarm_purge_log_bytes", "Bytes of its file.", number(log.file_bytes));
  out.counter("photofarm_purge_log_syncs_total", "Times that it was synced.", number(log.syncs));
  out.counter("photofarm_purge_log_failures_total", "Times that it could not be written.",
              number(log.failures));
  for (const auto& pusher : pushers_) pusher->collect(out);
  for (const auto& source : sources_) source->collect(out);
}

void await_purge(const Services& services, std::uint64_t id) {
  if (services.purger != nullptr && id != 0) (void)services.purger->await(id);
}

}  // namespace farm::roles
