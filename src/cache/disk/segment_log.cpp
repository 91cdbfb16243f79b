#include "cache/disk/segment_log.h"

#include <algorithm>
#include <utility>

namespace farm::cache {

SegmentLog::SegmentLog(LogOptions options, DiskIndex& index, SegmentStore& store)
    : options_(std::move(options)), index_(index), store_(store) {}

void SegmentLog::adopt(std::uint32_t slot, std::uint64_t sequence, std::uint64_t bytes) {
  segments_.push_back({slot, sequence, bytes});
  used_bytes_ += bytes;
  next_slot_ = std::max(next_slot_, slot + 1);
  next_sequence_ = std::max(next_sequence_, sequence + 1);
}

void SegmentLog::trim() {
  while (is_full() && !segments_.empty()) drop_oldest();
}

// Whether there is no room for a segment more. Closed before they were full, they are many.
bool SegmentLog::is_full() const {
  const std::uint64_t most = 2 * (options_.capacity_bytes / options_.segment_bytes) + 16;
  return used_bytes_ + options_.segment_bytes > options_.capacity_bytes ||
         segments_.size() >= std::min<std::uint64_t>(most, Location::kMaxSlots - 1);
}

bool SegmentLog::fits(std::uint64_t units, std::uint64_t entries) const {
  return open_ && (end_ + units) * kUnitBytes + segment_end_bytes(entries_.size() + entries) <=
                      options_.segment_bytes;
}

bool SegmentLog::fits(const LogRecord& record) const {
  return fits(record.units, std::max<std::size_t>(1, record.forgotten.size()));
}

Result<void> SegmentLog::append(std::span<const LogRecord> records, const Written& written) {
  std::size_t done = 0;
  while (done < records.size()) {
    if (!fits(records[done])) {
      FARM_TRY(rotate());
      if (!fits(records[done])) {
        return fail(ErrorCode::kInternal, "cache", "a record is too large for a segment");
      }
    }
    // As many as fit, by counting them as if they were written.
    const std::uint32_t end_before = end_;
    const std::size_t entries_before = entries_.size();
    std::size_t count = 0;
    while (done + count < records.size() && fits(records[done + count])) {
      const LogRecord& record = records[done + count++];
      if (record.forgotten.empty()) entries_.push_back({record.hash, end_, record.units});
      for (const std::uint64_t hash : record.forgotten) entries_.push_back({hash, end_, 0});
      end_ += record.units;
    }
    auto wrote = store_.write(segments_.back().slot, end_before, records.subspan(done, count));
    if (!wrote) {
      end_ = end_before;
      entries_.resize(entries_before);
      return wrote;
    }
    std::uint32_t at = end_before;
    for (std::size_t i = done; i < done + count; ++i) {
      const Location location{segments_.back().slot, at, records[i].units};
      if (written) written(i, location);
      counts_.written_bytes += records[i].units * kUnitBytes;
      at += records[i].units;
    }
    done += count;
  }
  return ok();
}

Result<void> SegmentLog::close() {
  if (!open_) return ok();
  Segment& segment = segments_.back();
  FARM_TRY(const std::uint64_t bytes, store_.close(segment.slot, end_, entries_));
  counts_.written_bytes += segment_end_bytes(entries_.size());
  ++counts_.segments_closed;
  used_bytes_ = used_bytes_ - segment.bytes + bytes;
  segment.bytes = bytes;
  open_ = false;
  entries_.clear();
  return ok();
}

Result<void> SegmentLog::rotate() {
  FARM_TRY(close());
  // There is room, but where second chances filled the segment before it was made.
  trim();
  FARM_TRY(begin());
  while (is_full() && segments_.size() > 1) {
    FARM_TRY(give_second_chances());
  }
  return ok();
}

Result<void> SegmentLog::begin() {
  const std::uint32_t slot = free_slot();
  auto made = store_.create(slot, next_sequence_, options_.segment_bytes);
  while (!made && made.error().code == ErrorCode::kNoSpace && segments_.size() > 1) {
    // Others have filled the disk: what we have is what there is from now on.
    drop_oldest();
    options_.capacity_bytes =
        std::min(options_.capacity_bytes, used_bytes_ + options_.segment_bytes);
    made = store_.create(slot, next_sequence_, options_.segment_bytes);
  }
  if (!made) {
    free_slots_.push_back(slot);
    return made;
  }
  segments_.push_back({slot, next_sequence_++, options_.segment_bytes});
  used_bytes_ += options_.segment_bytes;
  counts_.written_bytes += kSegmentHeadBytes;
  end_ = kFirstUnit;
  open_ = true;
  return ok();
}

std::uint32_t SegmentLog::free_slot() {
  if (free_slots_.empty()) return next_slot_++;
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void SegmentLog::drop_oldest() { drop_oldest(store_.entries(segments_.front().slot)); }

void SegmentLog::drop_oldest(const Result<std::vector<SegmentEntry>>& entries) {
  const Segment oldest = segments_.front();
  if (entries) {
    for (const SegmentEntry& entry : entries.value()) {
      if (entry.length == 0) continue;
      const bool was = index_.erase_at(entry.hash, {oldest.slot, entry.offset, entry.length});
      counts_.evicted += was ? 1 : 0;
    }
  } else {
    counts_.evicted += index_.erase_if(
        [&](const IndexEntry& entry) { return entry.location().slot == oldest.slot; });
  }
  store_.remove(oldest.slot);
  used_bytes_ -= oldest.bytes;
  free_slots_.push_back(oldest.slot);
  segments_.pop_front();
}

Result<void> SegmentLog::give_second_chances() {
  const Segment oldest = segments_.front();
  const std::uint64_t most = oldest.bytes * options_.second_chance_percent / 100;
  std::uint64_t carried = 0;
  const auto entries = store_.entries(oldest.slot);
  for (const SegmentEntry& entry : entries ? entries.value() : std::vector<SegmentEntry>{}) {
    const Location from{oldest.slot, entry.offset, entry.length};
    const auto there = index_.find(entry.hash);
    if (entry.length == 0 || !there || there->location() != from || !there->hit()) continue;
    const std::uint64_t bytes = entry.length * kUnitBytes;
    if (carried + bytes > most || !fits(entry.length, 1)) continue;
    if (options_.may_carry && !options_.may_carry(bytes)) break;
    FARM_TRY(const std::uint64_t moved, carry(entry, from));
    carried += moved;
  }
  drop_oldest(entries);
  return ok();
}

// How many bytes it took; 0 if the record was not worth it.
Result<std::uint64_t> SegmentLog::carry(const SegmentEntry& entry, const Location& from) {
  const Location to{segments_.back().slot, end_, entry.length};
  if (auto carried = store_.carry(entry.hash, from, to); !carried) {
    if (carried.error().code == ErrorCode::kCorrupt) return 0;
    return fail(std::move(carried).error());
  }
  entries_.push_back({entry.hash, to.offset, to.length});
  end_ += to.length;
  index_.move(entry.hash, from, to);
  const std::uint64_t bytes = to.length * kUnitBytes;
  counts_.written_bytes += bytes;
  counts_.carried_bytes += bytes;
  ++counts_.carried;
  return bytes;
}

}  // namespace farm::cache
