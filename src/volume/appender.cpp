#include "volume/appender.h"

#include <algorithm>

namespace farm::volume {
namespace {

constexpr std::uint64_t kMaxTombstoneReserve = 64 << 10;  // a thousand removals

}  // namespace

Appender::Appender(io::File& file, const Frames& present, std::uint64_t size, const Config& config)
    : file_(file),
      config_(config),
      tombstone_reserve_(std::min(kMaxTombstoneReserve, config.volume_bytes / 16)),
      end_(present.end),
      allocated_(size),
      mark_(present.end),
      written_(present),
      durable_(present) {}

Result<std::optional<Place>> Appender::reserve(std::uint64_t payload_bytes, Purpose purpose) {
  const std::uint64_t bytes = frame_bytes(payload_bytes);
  const std::uint64_t spare = kFooterBytes + (purpose == Purpose::kRecord ? tombstone_reserve_ : 0);
  const std::lock_guard lock(mutex_);
  if (closed_) return std::optional<Place>{};
  const std::uint64_t need = end_ + bytes + spare;
  if (need > config_.volume_bytes && end_ > kFirstFrame) return std::optional<Place>{};
  FARM_TRY(allocate(need));
  const Place place{end_, bytes, durable_.end, first_ticket_ + pending_.size()};
  end_ += bytes;
  mark_ = durable_.end;
  pending_.push_back({.end = end_});
  ++users_;
  ++writing_;
  return place;
}

Result<void> Appender::allocate(std::uint64_t need) {
  if (need <= allocated_) return ok();
  const std::uint64_t step =
      std::max(need, std::min(allocated_ + config_.preallocate_bytes, config_.volume_bytes));
  auto allocated = file_.allocate(allocated_, step - allocated_);
  if (allocated) {
    allocated_ = step;
    return ok();
  }
  if (allocated.error().code != ErrorCode::kNoSpace) {
    close(allocated.error());
    return allocated;
  }
  // What is left of the disk may still do. A failed attempt may have made the file longer.
  FARM_TRY(file_.allocate(allocated_, need - allocated_));
  allocated_ = need;
  return ok();
}

Result<void> Appender::commit(const Place& place, const FrameHeader& header, Result<void> written) {
  std::unique_lock lock(mutex_);
  --writing_;
  if (writing_ == 0) gather_.notify_one();
  if (written) {
    mark_written(place, header);
    written = wait_for_sync(lock, place.bytes);
  } else {
    close(written.error());
  }
  if (--users_ == 0) idle_.notify_all();
  return written;
}

void Appender::mark_written(const Place& place, const FrameHeader& header) {
  Pending& mine = pending_[place.ticket - first_ticket_];
  mine = {place.offset + place.bytes, true, header.type, header.sequence, header.payload_bytes};
  while (!pending_.empty() && pending_.front().written) {
    const Pending& next = pending_.front();
    written_.end = next.end;
    count_frame(written_.totals, next.type, next.sequence, next.payload_bytes);
    pending_.pop_front();
    ++first_ticket_;
  }
}

Result<void> Appender::wait_for_sync(std::unique_lock<std::mutex>& lock, std::uint64_t bytes) {
  const std::uint64_t round = next_round_;
  gathered_bytes_ += bytes;
  if (gathered_bytes_ >= config_.commit_bytes) gather_.notify_one();
  while (done_round_ < round && !sync_failed_) {
    if (leader_) {
      round_[round % 2].wait(lock);
    } else {
      sync_as_leader(lock);
    }
  }
  if (done_round_ >= round) return ok();
  return fail(*error_);
}

void Appender::sync_as_leader(std::unique_lock<std::mutex>& lock) {
  leader_ = true;
  gather_.wait_for(lock, config_.commit_wait,
                   [this] { return writing_ == 0 || gathered_bytes_ >= config_.commit_bytes; });
  const std::uint64_t round = next_round_++;
  const Frames covered = written_;
  gathered_bytes_ = 0;
  lock.unlock();
  auto synced = file_.sync_data();
  lock.lock();
  leader_ = false;
  syncs_.fetch_add(1, std::memory_order_relaxed);
  if (synced) {
    done_round_ = round;
    durable_ = covered;
  } else {
    // Nobody who wrote before now can know whether it is on the disk, and a second sync would not
    // tell: it reports success once the failed pages are forgotten.
    sync_failed_ = true;
    close(std::move(synced).error());
    round_[(round + 1) % 2].notify_all();
  }
  round_[round % 2].notify_all();
  round_[(round + 1) % 2].notify_one();  // the next round's leader
}

Result<std::uint64_t> Appender::finish() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  idle_.wait(lock, [this] { return users_ == 0; });
  if (error_) return fail(*error_);
  return end_;
}

void Appender::close(Error error) {
  closed_ = true;
  if (!error_) error_ = std::move(error);
}

bool Appender::open() const {
  const std::lock_guard lock(mutex_);
  return !closed_;
}

std::optional<Error> Appender::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

std::uint64_t Appender::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

Appender::Frames Appender::durable() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

std::uint64_t Appender::unmarked_bytes() const {
  const std::lock_guard lock(mutex_);
  return durable_.end - mark_;
}

}  // namespace farm::volume
