// The thread of a disk: the only one that writes to it.
#include <sys/prctl.h>

#include <chrono>

#include "cache/disk/disk.h"

namespace farm::cache {
namespace {

constexpr std::uint64_t kBatchBytes = 1 << 20;  // written in one go, if so much waits
constexpr std::size_t kForgottenARecord = 256;
// What waits is written after so long, even if it is little.
constexpr std::chrono::milliseconds kLatest{200};
// Checkpoints are written after so many segments: of 64 MiB, one for each 4 GiB.
constexpr std::uint64_t kCheckpointEvery = 64;

}  // namespace

void Disk::start() {
  thread_ = std::thread([this] {
    const std::string name = "disk-cache-" + std::to_string(options_.number);
    (void)::prctl(PR_SET_NAME, name.c_str());
    work();
  });
}

void Disk::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Disk::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++flushes_asked_;
  wake_.notify_all();
  idle_.wait(lock, [this, mine] { return left_ || stopping_ || flushes_done_ >= mine; });
}

void Disk::work() {
  for (WriteQueue::Batch batch; wait_for_work(batch); batch = {}) {
    auto done = write(batch);
    if (done && log_->counts().segments_closed >= checkpoint_at_ + kCheckpointEvery) {
      done = write_checkpoint();
    }
    if (!done) drop_out(done.error());
  }
  if (works()) finish();
  if (!works()) give_up();
}

// False when there is nothing more to do.
bool Disk::wait_for_work(WriteQueue::Batch& batch) {
  std::unique_lock lock(mutex_);
  flushes_done_ = flushes_begun_;
  idle_.notify_all();
  const auto ended = [this] { return stopping_ || !works(); };
  wake_.wait(lock, [&] { return ended() || queue_.has_work() || flushes_asked_ > flushes_done_; });
  const auto urgent = [&] {
    return ended() || flushes_asked_ > flushes_done_ || queue_.waiting_bytes() >= kBatchBytes;
  };
  wake_.wait_for(lock, kLatest, urgent);
  if (!works() || (stopping_ && !queue_.has_work())) return false;
  batch = queue_.take(kBatchBytes);
  // All that was there when it was asked for is in this batch, or before it.
  if (!queue_.has_work()) flushes_begun_ = flushes_asked_;
  return true;
}

Result<void> Disk::write(const WriteQueue::Batch& batch) {
  std::vector<LogRecord> records;
  const std::span forgotten(batch.forgotten);
  for (std::size_t at = 0; at < forgotten.size(); at += kForgottenARecord) {
    const auto part = forgotten.subspan(at, std::min(kForgottenARecord, forgotten.size() - at));
    records.push_back(
        {.hash = 0,
         .units = static_cast<std::uint32_t>(units_of(kRecordHeadBytes + part.size_bytes())),
         .forgotten = part});
  }
  const std::size_t first = records.size();
  for (const WriteQueue::Item& item : batch.items) {
    const std::uint64_t bytes = kRecordHeadBytes + item.object->payload().size();
    records.push_back({.hash = item.hash,
                       .units = static_cast<std::uint32_t>(units_of(bytes)),
                       .object = &*item.object});
  }
  auto done = log_->append(records, [&](std::size_t i, const Location& location) {
    if (i < first) return;
    const WriteQueue::Item& item = batch.items[i - first];
    const std::lock_guard lock(mutex_);
    if (!queue_.done(item)) return;
    index_.put(item.hash, location);
    item.object->set_disk_mark(mark_of(location));
  });
  const LogCounts& counts = log_->counts();
  const bool shrunk = log_->capacity_bytes() < options_.bytes;
  {
    const std::lock_guard lock(mutex_);
    counted_.evictions = counts.evicted;
    counted_.reinsertions = counts.carried;
    counted_.reinserted_bytes = counts.carried_bytes;
    counted_.written_bytes = counts.written_bytes + checkpoint_bytes_;
    counted_.bytes = log_->used_bytes();
    counted_.capacity = log_->capacity_bytes();
  }
  if (shrunk) note_problem(home_->directory().string() + " has less room than it was given");
  return done;
}

Result<void> Disk::write_checkpoint() {
  std::vector<CheckpointRow> rows;
  for (const SegmentLog::Segment& segment : log_->segments()) {
    rows.push_back({segment.sequence, segment.slot, CheckpointRow::kWhole});
  }
  if (log_->open_end() != 0) {
    rows.back().end = log_->open_end();
    FARM_TRY(segments_->sync(rows.back().slot));
  }
  checkpoint_at_ = log_->counts().segments_closed;
  if (rows.empty()) return home_->remove_checkpoint();
  checkpoint_bytes_ += index_.count() * sizeof(IndexEntry);
  auto written = write_index_checkpoint(files_, home_->checkpoint_path(), id_, rows, index_);
  if (!written && written.error().code == ErrorCode::kNoSpace) {
    note_problem(home_->directory().string() + ": no space for the checkpoint of the index");
    return home_->remove_checkpoint();  // one that is old is good, but takes room
  }
  return written;
}

void Disk::finish() {
  auto done = log_->close();
  if (done) done = write_checkpoint();
  if (!done) drop_out(done.error());
}

void Disk::give_up() {
  {
    const std::lock_guard lock(mutex_);
    gave_up_ = true;
    queue_.clear();
  }
  index_.clear();
  segments_->forget_all();
  home_->disown();
  if (options_.dropped_out) options_.dropped_out(options_.number);
  const std::lock_guard lock(mutex_);
  left_ = true;
  idle_.notify_all();
}

}  // namespace farm::cache
