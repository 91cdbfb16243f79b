#include "cache/disk/disk.h"

#include <algorithm>
#include <utility>

#include "obs/log.h"

namespace farm::cache {
namespace {

// A disk is done for after so many reads that failed.
constexpr std::uint64_t kMaxReadErrors = 16;
constexpr std::uint32_t kSlotsForDisks = 64;
static_assert(kSlotsForDisks == DiskHead::kMaxDisks);

}  // namespace

Disk::Disk(io::FileSystem& files, const Clock& clock, std::unique_ptr<DiskHome> home,
           const DiskOptions& options)
    : files_(files),
      clock_(clock),
      home_(std::move(home)),
      options_(options),
      queue_(options.queue_bytes),
      admission_({.object_max_bytes = options.object_max_bytes,
                  .write_budget = options.write_budget,
                  .remembered = remembered_for(options.bytes)}) {}

Disk::~Disk() { stop(); }

Result<void> Disk::load() {
  id_ = home_->head()->disk;
  segments_ = std::make_unique<SegmentFiles>(files_, home_->directory(), id_);
  log_ =
      std::make_unique<SegmentLog>(LogOptions{.capacity_bytes = options_.bytes,
                                              .segment_bytes = options_.segment_bytes,
                                              .may_carry =
                                                  [this](std::uint64_t bytes) {
                                                    const std::lock_guard lock(mutex_);
                                                    return admission_.spend(bytes, clock_.now_ms());
                                                  }},
                                   index_, *segments_);
  FARM_TRY(load_disk(files_, *home_, index_, *segments_, *log_));
  const std::lock_guard lock(mutex_);
  counted_.bytes = log_->used_bytes();
  counted_.capacity = log_->capacity_bytes();
  return ok();
}

void Disk::keep_only(const std::function<bool(std::uint64_t hash)>& keep) {
  std::vector<std::uint64_t> gone;
  index_.erase_if([&](const IndexEntry& entry) {
    if (keep(entry.hash)) return false;
    gone.push_back(entry.hash);
    return true;
  });
  const std::lock_guard lock(mutex_);
  for (const std::uint64_t hash : gone) {
    if (!queue_.forget(hash)) ++counted_.forgets_lost;
  }
}

std::optional<ObjectRef> Disk::find(std::uint64_t hash, std::string_view key, bool wait) {
  if (!works()) return count_miss();
  {
    const std::lock_guard lock(mutex_);
    if (ObjectRef waiting = queue_.find(hash, key)) {
      count_hit(*waiting);
      return waiting;
    }
  }
  const auto entry = index_.find(hash);
  if (!entry) return count_miss();
  return read(hash, key, entry->location(), wait);
}

std::optional<ObjectRef> Disk::read(std::uint64_t hash, std::string_view key,
                                    const Location& location, bool wait) {
  const auto segment = segments_->get(location.slot);
  if (!segment) return count_miss();
  ObjectRoom room(kRecordHeadBytes, location.length * kUnitBytes - kRecordHeadBytes);
  const std::uint64_t offset = location.offset * kUnitBytes;
  std::optional<Result<std::size_t>> got;
  if (wait) {
    got = segment->file->read_at(offset, room.bytes());
  } else {
    got = segment->file->try_read_at(offset, room.bytes());
    if (!got) return std::nullopt;
  }
  if (!*got) {
    note_bad(hash, location, &got->error());
    return count_miss();
  }
  ObjectRef object =
      got->value() == room.bytes().size() ? object_in(room, segment->id, hash) : ObjectRef();
  if (!object) {
    note_bad(hash, location, nullptr);
    return count_miss();
  }
  if (object->key() != key) return count_miss();  // two keys of one hash
  object->set_disk_mark(mark_of(location));
  index_.touch(hash);
  count_hit(*object);
  return object;
}

// Unless the record had just gone, and another is in its place.
void Disk::note_bad(std::uint64_t hash, const Location& location, const Error* error) {
  {
    const std::lock_guard lock(mutex_);
    if (!index_.erase_at(hash, location)) return;
    if (!queue_.forget(hash)) ++counted_.forgets_lost;
  }
  wake_.notify_one();
  if (error == nullptr) {
    ++corrupt_;
  } else if (++read_errors_ >= kMaxReadErrors) {
    drop_out(*error);
  }
}

ObjectRef Disk::count_miss() {
  ++misses_;
  return {};
}

void Disk::count_hit(const Object& object) {
  ++hits_;
  hit_bytes_ += object.content_bytes();
}

// Never 0, and never the same for two records: sequence, place, disk.
std::uint64_t Disk::mark_of(const Location& location) const {
  const auto segment = segments_->get(location.slot);
  if (!segment) return 0;
  return (segment->id.sequence << 22U | location.offset) * kSlotsForDisks + options_.number;
}

void Disk::offer(std::uint64_t hash, const ObjectRef& object, bool asked_before) {
  if (!works()) return;
  const std::uint64_t units = units_of(kRecordHeadBytes + object->payload().size());
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || gave_up_) return;
    ++counted_.offers;
    const auto there = index_.find(hash);
    const ObjectRef waiting = queue_.find(hash, object->key());
    if (waiting && &*waiting == &*object) {
      ++counted_.already_there;
      return;
    }
    if (there && object->disk_mark() != 0 && object->disk_mark() == mark_of(there->location())) {
      ++counted_.already_there;
      if (asked_before) index_.touch(hash);
      return;
    }
    Verdict verdict = Verdict::kTooLarge;
    if (units * kUnitBytes <= options_.segment_bytes / 2) {
      verdict = admission_.judge(hash, object->content_bytes(), units * kUnitBytes,
                                 asked_before || there || waiting, clock_.now_ms());
    }
    if (verdict == Verdict::kTake && queue_.add(hash, object)) {
      ++counted_.admissions;
      index_.erase(hash);  // in the log, what comes later counts
    } else {
      ++refusals(verdict);
      forget(hash);
    }
    wake = queue_.has_work();
  }
  if (wake) wake_.notify_one();
}

std::uint64_t& Disk::refusals(Verdict verdict) {
  switch (verdict) {
    case Verdict::kTooLarge:
      return counted_.refused_size;
    case Verdict::kFirstRequest:
      return counted_.refused_first;
    case Verdict::kOverBudget:
      return counted_.refused_budget;
    case Verdict::kTake:
      break;
  }
  return counted_.refused_queue;
}

// Under the mutex: whatever there is under that hash is not found any more, nor after a restart.
void Disk::forget(std::uint64_t hash) {
  const bool was_waiting = queue_.remove(hash);
  const bool was_there = index_.erase(hash);
  if ((was_waiting || was_there) && !queue_.forget(hash)) ++counted_.forgets_lost;
}

bool Disk::erase(std::uint64_t hash) {
  if (!works()) return false;
  bool was_there = false;
  {
    const std::lock_guard lock(mutex_);
    was_there = index_.find(hash).has_value();
    const bool was_waiting = queue_.remove(hash);
    was_there |= was_waiting;
    if (was_there) {
      ++counted_.erasures;
      index_.erase(hash);
      if (!queue_.forget(hash)) ++counted_.forgets_lost;
    }
  }
  if (was_there) wake_.notify_one();
  return was_there;
}

void Disk::drop_out(const Error& why) {
  if (failed_.exchange(true)) return;
  const std::string what = home_->directory().string() + " is used no more: " + why.message();
  obs::log_error("a disk of the cache dropped out",
                 {{"path", home_->directory().string()}, {"error", why.message()}});
  note_problem(what);
  wake_.notify_all();
  idle_.notify_all();
}

void Disk::note_problem(std::string what) {
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(problems_, what) == problems_.end()) problems_.push_back(std::move(what));
}

DiskStats Disk::stats() const {
  DiskStats stats;
  {
    const std::lock_guard lock(mutex_);
    stats = counted_;
    stats.problems = problems_;
    stats.queue_bytes = queue_.bytes();
    stats.index_bytes = index_.memory_bytes() + admission_.memory_bytes();
  }
  stats.hits = hits_;
  stats.hit_bytes = hit_bytes_;
  stats.misses = misses_;
  stats.errors = read_errors_;
  stats.corrupt = corrupt_;
  stats.objects = index_.count();
  stats.disks = works() ? 1 : 0;
  if (!works()) stats.bytes = stats.capacity = 0;
  return stats;
}

DiskStats& DiskStats::operator+=(const DiskStats& other) {
  hits += other.hits;
  hit_bytes += other.hit_bytes;
  misses += other.misses;
  offers += other.offers;
  admissions += other.admissions;
  already_there += other.already_there;
  refused_first += other.refused_first;
  refused_size += other.refused_size;
  refused_budget += other.refused_budget;
  refused_queue += other.refused_queue;
  erasures += other.erasures;
  forgets_lost += other.forgets_lost;
  evictions += other.evictions;
  reinsertions += other.reinsertions;
  reinserted_bytes += other.reinserted_bytes;
  written_bytes += other.written_bytes;
  errors += other.errors;
  corrupt += other.corrupt;
  objects += other.objects;
  bytes += other.bytes;
  capacity += other.capacity;
  index_bytes += other.index_bytes;
  queue_bytes += other.queue_bytes;
  disks += other.disks;
  problems.insert(problems.end(), other.problems.begin(), other.problems.end());
  return *this;
}

}  // namespace farm::cache
