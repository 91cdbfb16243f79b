#include "cache/disk/simulated_disk.h"

#include <utility>

namespace farm::cache {

Result<void> SimulatedDisk::Store::create(std::uint32_t slot, std::uint64_t, std::uint64_t) {
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  return ok();
}

Result<void> SimulatedDisk::Store::write(std::uint32_t, std::uint32_t, std::span<const LogRecord>) {
  return ok();
}

Result<std::uint64_t> SimulatedDisk::Store::close(std::uint32_t slot, std::uint32_t end,
                                                  std::span<const SegmentEntry> entries) {
  slots_[slot].assign(entries.begin(), entries.end());
  return end * kUnitBytes + segment_end_bytes(entries.size());
}

Result<std::vector<SegmentEntry>> SimulatedDisk::Store::entries(std::uint32_t slot) {
  return slots_[slot];
}

Result<void> SimulatedDisk::Store::carry(std::uint64_t, const Location&, const Location&) {
  return ok();
}

void SimulatedDisk::Store::remove(std::uint32_t slot) { slots_[slot] = {}; }

SimulatedDisk::SimulatedDisk(std::uint64_t bytes, std::uint64_t segment_bytes,
                             std::uint64_t object_max_bytes)
    : segment_bytes_(segment_bytes),
      log_({.capacity_bytes = bytes, .segment_bytes = segment_bytes}, index_, store_),
      admission_({.object_max_bytes = object_max_bytes,
                  .write_budget = 0,
                  .remembered = remembered_for(bytes)}) {
  counted_.capacity = bytes;
  counted_.disks = 1;
}

void SimulatedDisk::offer(std::uint64_t hash, const Object& object, bool asked_before) {
  ++counted_.offers;
  if (index_.find(hash)) {
    ++counted_.already_there;
    if (asked_before) index_.touch(hash);
    return;
  }
  const std::uint64_t units =
      units_of(kRecordHeadBytes + object.key().size() + object.content_bytes());
  Verdict verdict = Verdict::kTooLarge;
  if (units * kUnitBytes <= segment_bytes_ / 2) {
    verdict = admission_.judge(hash, object.content_bytes(), units * kUnitBytes, asked_before, 0);
  }
  if (verdict != Verdict::kTake) {
    ++(verdict == Verdict::kTooLarge ? counted_.refused_size : counted_.refused_first);
    return;
  }
  ++counted_.admissions;
  const LogRecord record{.hash = hash, .units = static_cast<std::uint32_t>(units)};
  // A store in memory has no errors.
  (void)log_.append({&record, 1},
                    [&](std::size_t, const Location& location) { index_.put(hash, location); });
}

DiskStats SimulatedDisk::stats() const {
  DiskStats stats = counted_;
  stats.evictions = log_.counts().evicted;
  stats.reinsertions = log_.counts().carried;
  stats.reinserted_bytes = log_.counts().carried_bytes;
  stats.written_bytes = log_.counts().written_bytes;
  stats.objects = index_.count();
  stats.bytes = log_.used_bytes();
  stats.index_bytes = index_.memory_bytes() + admission_.memory_bytes();
  return stats;
}

}  // namespace farm::cache
