// Keeping a volume set in shape: checkpoints of the index, and volumes rewritten without garbage.
#include <algorithm>

#include "base/digest.h"
#include "volume/rewrite.h"
#include "volume/volume_set.h"

namespace farm::volume {

Result<void> VolumeSet::checkpoint() {
  const std::lock_guard maintenance(maintenance_mutex_);
  const std::uint64_t sequence = sequence_;
  if (!loaded() || (sequence == checkpoint_sequence_ && !checkpoint_stale_)) return ok();
  CheckpointHead head;
  head.store = store_;
  head.made_ms = clock_.now_ms();
  std::vector<std::uint16_t> rows;
  {
    const std::lock_guard lock(make_mutex_);
    for (const auto& volume : volumes_) {
      rows.push_back(kNoSlot);
      const auto known = volume ? volume->known() : std::nullopt;
      if (!known) continue;
      rows.back() = static_cast<std::uint16_t>(head.volumes.size());
      const Superblock& superblock = volume->superblock();
      head.volumes.push_back({.uuid = superblock.uuid,
                              .generation = superblock.generation,
                              .number = superblock.number,
                              .closed = volume->closed(),
                              .end = known->end,
                              .totals = known->totals,
                              .garbage_bytes = volume->garbage_bytes(),
                              .oldest_garbage_ms = volume->oldest_garbage_ms(),
                              .scrubbed_ms = volume->scrubbed_ms()});
    }
  }
  // What is on the disk before those ends is in the index once its writers have left.
  gate_.wait_for_present();
  head.last_sequence = sequence_;
  FARM_TRY(write_checkpoint(files_, checkpoint_path(), head, index_, rows));
  checkpoint_sequence_ = sequence;
  checkpoint_stale_ = false;
  checkpoint_ms_ = head.made_ms;
  return ok();
}

// Whether something counts of which nobody knows that the disk has it. What it replaces must be
// kept.
bool VolumeSet::is_unsettled() const {
  const std::lock_guard lock(make_mutex_);
  return std::ranges::any_of(volumes_,
                             [](const auto& volume) { return volume && volume->unsettled(); }) ||
         !std::ranges::all_of(directories_, &Directory::names_are_durable);
}

std::uint64_t VolumeSet::stuck_garbage_bytes() const {
  const bool all = is_unsettled();
  std::uint64_t bytes = 0;
  const std::lock_guard lock(make_mutex_);
  for (const auto& volume : volumes_) {
    if (volume && (all || volume->damaged())) bytes += volume->garbage_bytes();
  }
  return bytes;
}

std::vector<std::uint16_t> VolumeSet::compactable(double ratio, Millis before_ms) {
  const auto worth_it = [&](const Volume& volume) {
    const std::uint64_t garbage = volume.garbage_bytes();
    const auto known = volume.known();
    if (garbage == 0 || !known) return false;
    return volume.oldest_garbage_ms() < before_ms ||
           static_cast<double>(garbage) >= ratio * static_cast<double>(known->end);
  };
  if (!loaded() || is_unsettled()) return {};
  for (const auto& directory : directories_) directory->seal_writable(worth_it);
  std::vector<std::pair<std::uint64_t, std::uint16_t>> found;
  const std::lock_guard lock(make_mutex_);
  for (std::size_t slot = 0; slot < volumes_.size(); ++slot) {
    const Volume* volume = volumes_[slot].get();
    if (volume == nullptr || !volume->may_be_rewritten() || !worth_it(*volume)) continue;
    found.emplace_back(volume->garbage_bytes(), static_cast<std::uint16_t>(slot));
  }
  std::ranges::sort(found, std::ranges::greater{});
  std::vector<std::uint16_t> slots;
  for (const auto& [garbage, slot] : found) slots.push_back(slot);
  return slots;
}

Result<VolumeSet::Compaction> VolumeSet::compact(std::uint16_t slot, Throttle& throttle) {
  const std::lock_guard maintenance(maintenance_mutex_);
  Volume* old = nullptr;
  {
    const std::lock_guard lock(make_mutex_);
    if (slot < volumes_.size()) old = volumes_[slot].get();
  }
  if (!loaded() || old == nullptr || !old->may_be_rewritten() || is_unsettled()) {
    return fail(ErrorCode::kConflict, "volume", "the volume cannot be rewritten now");
  }
  // Its last frames are in the index once their writers have left; others do not come.
  gate_.wait_for_present();
  Superblock next = old->superblock();
  ++next.generation;
  next.created_ms = clock_.now_ms();
  random_bytes(next.uuid);
  next.nonce = random_nonce();
  const IsLive is_live = [&](PhotoId id, std::uint64_t offset) {
    const auto now = index_.find(id);
    return now && now->slot == slot && now->offset == offset;
  };
  Path draft = old->path();
  draft += ".new";
  FARM_TRY(Rewritten rewritten, rewrite(files_, *old, next, draft, is_live, throttle));
  Compaction done;
  done.bytes_before = old->known().value_or(Volume::Known{}).end;
  done.bytes_after = rewritten.bytes;
  done.damaged = std::move(rewritten.damaged);
  const std::vector<MovedFrame> moved = std::move(rewritten.moved);
  FARM_TRY(const Slot copy, add_rewritten(*old, std::move(rewritten)));
  if (auto renamed = files_.rename(draft, old->path()); !renamed) {
    take_out(copy.number);
    (void)files_.remove(draft);
    return fail(std::move(renamed).error());
  }
  // From here on nothing may stop it: the new file is the volume. A crash may still bring the old
  // one back, if the disk did not take the new name: it lacks nothing that the new one has.
  checkpoint_stale_ = true;
  const auto synced = files_.sync_directory(old->path().parent_path());
  copy.volume->forget_failure();
  switch_over(slot, copy, moved, done.bytes_after - kFooterBytes);
  take_out(slot);
  if (!synced) return fail(synced.error());
  return done;
}

Result<Slot> VolumeSet::add_rewritten(const Volume& old, Rewritten rewritten) {
  auto volume = Volume::adopt(files_, old.path(), std::move(rewritten.file), rewritten.superblock,
                              config_, rewritten.totals, rewritten.bytes);
  volume->set_scrubbed(clock_.now_ms());  // its bytes were all read and checked just now
  const std::lock_guard lock(make_mutex_);
  return add(std::move(volume));
}

// Points to the copies. Frames that were replaced or removed since they were copied are garbage.
void VolumeSet::switch_over(std::uint16_t from_slot, const Slot& to,
                            const std::vector<MovedFrame>& moved, std::uint64_t frames_end) {
  const auto offset = [](std::uint32_t units) { return std::uint64_t{units} * kFrameAlignment; };
  for (std::size_t i = 0; i < moved.size(); ++i) {
    const MovedFrame& frame = moved[i];
    if (index_.move(frame.id, from_slot, offset(frame.from), to.number, offset(frame.to))) continue;
    const std::uint64_t end =
        i + 1 < moved.size() ? offset(moved[i + 1].to) : frames_end + kFrameHeaderBytes;
    to.volume->add_garbage(end - offset(frame.to), clock_.now_ms());
  }
}

// Nothing points to the volume any more: waits for those who still read, and closes it, which gives
// its space back.
void VolumeSet::take_out(std::uint16_t slot) {
  epoch_.synchronize();
  std::unique_ptr<Volume> gone;
  const std::lock_guard lock(make_mutex_);
  (*table_)[slot].store(nullptr, std::memory_order_release);
  gone = std::move(volumes_[slot]);
  free_slots_.push_back(slot);
}

}  // namespace farm::volume
