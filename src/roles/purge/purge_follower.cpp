#include "roles/purge/purge_follower.h"

#include <algorithm>

#include "obs/log.h"

namespace farm::roles {

using cache::Purge;

Result<std::uint64_t> PurgeFollower::apply(const cache::PurgePage& page) {
  if (page.log == log_.id()) {
    return fail(ErrorCode::kConflict, "roles", "these are this process's own purges");
  }
  const std::lock_guard lock(mutex_);
  const std::uint64_t known = log_.followed(page.log);
  if (known < page.after) return known;
  std::vector<Purge> purges;
  const bool gone = known < page.floors.gone;
  if (gone || known < page.floors.stale) {
    obs::log_warn("purges were missed and forgotten: everything cached counts as purged",
                  {{"log", to_hex(page.log)}, {"known", known}, {"softly", !gone}});
    purges.push_back({Purge::Kind::kPrefix, "/", !gone});
    ++resets_;
  }
  for (const auto& entry : page.purges) {
    if (entry.number > known) purges.push_back(entry.purge);
  }
  purges_ += purges.size();  // before anybody can see them in the log
  const std::uint64_t last = std::max({known, page.last, page.floors.gone, page.floors.stale});
  const auto appended = log_.append_followed(purges, {.log = page.log, .last = last});
  if (listener_ && !purges.empty()) listener_();
  if (memory_ != nullptr && !purges.empty()) cache::purge_memory(purges, *memory_);
  FARM_TRY(appended.durable);
  return last;
}

}  // namespace farm::roles
