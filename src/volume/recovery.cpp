#include "volume/recovery.h"

#include <algorithm>
#include <deque>

#include "base/checksum.h"
#include "volume/frame_walker.h"

namespace farm::volume {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;

class Walk {
 public:
  Walk(io::File& file, std::uint64_t nonce, std::uint64_t from, const FrameVisitor& visit)
      : file_(file), nonce_(nonce), visit_(visit) {
    found_.end = found_.durable_end = from;
  }

  Result<Recovery> run() {
    FARM_TRY(const std::uint64_t size, file_.size());
    FrameWalker walker(file_, nonce_, found_.end, size);
    while (!found_.closed) {
      FARM_TRY(const auto step, walker.next());
      if (!step) break;
      FARM_TRY(take(*step));
    }
    found_.unreadable_bytes += walker.unreadable_bytes();
    FARM_TRY(settle_tail(size));
    found_.all_marked = last_photo_end_ <= counted_mark_;
    return std::move(found_);
  }

 private:
  Result<void> take(const FrameWalker::Step& step) {
    if (step.frame && step.frame->type == FrameType::kFooter) {
      FARM_TRY(const bool holds, frame_holds(file_, nonce_, step.offset, *step.frame));
      found_.closed = holds;
      if (!holds) {
        pending_.push_back({step.offset, step.end, {}});
        return ok();
      }
      found_.durable_end = step.offset;  // it is written only when all before it is on the disk
    }
    pending_.push_back(step);
    if (step.frame) found_.durable_end = std::max(found_.durable_end, step.frame->durable_end);
    while (!pending_.empty() && pending_.front().offset < found_.durable_end) {
      count_durable(pending_.front());
      pending_.pop_front();
    }
    return ok();
  }

  void count_durable(const FrameWalker::Step& step) {
    found_.end = step.end;
    if (step.frame) {
      count(step.offset, *step.frame);
    } else {
      ++found_.damaged_count;
      if (found_.damaged.size() < kMaxHolesKept) {
        found_.damaged.push_back({step.offset, step.end - step.offset});
      }
    }
  }

  void count(std::uint64_t offset, const FrameHeader& header) {
    counted_mark_ = std::max(counted_mark_, header.durable_end);
    if (header.type == FrameType::kFooter) return;
    count_frame(found_.totals, header.type, header.sequence, header.payload_bytes);
    if (header.type == FrameType::kFiller) return;
    last_photo_end_ = offset + frame_bytes(header.payload_bytes);
    visit_(offset, header);
  }

  // What is behind the mark is true only if the disk has it: a sync that failed in an earlier life
  // leaves pages in the cache that will never be written.
  Result<void> settle_tail(std::uint64_t size) {
    if (found_.closed) {
      for (const auto& step : pending_) found_.end = step.end;  // the footer
      return ok();
    }
    if (auto synced = file_.sync_data(); !synced) found_.sync_error = std::move(synced).error();
    file_.drop_cache(found_.end, size - std::min(size, found_.end));
    std::uint64_t torn_from = found_.end;
    for (const auto& step : pending_) {
      if (!step.frame) continue;
      const auto holds = frame_holds(file_, nonce_, step.offset, *step.frame);
      if (!holds) found_.unreadable_bytes += step.end - step.offset;
      if (!holds || !holds.value()) continue;
      if (step.offset > torn_from) found_.torn.push_back({torn_from, step.offset - torn_from});
      count(step.offset, *step.frame);
      found_.end = torn_from = step.end;
    }
    return ok();
  }

  io::File& file_;
  std::uint64_t nonce_;
  const FrameVisitor& visit_;
  Recovery found_;
  std::deque<FrameWalker::Step> pending_;  // behind the greatest mark so far
  std::uint64_t counted_mark_ = 0;
  std::uint64_t last_photo_end_ = 0;
};

}  // namespace

Result<Recovery> recover(io::File& file, std::uint64_t nonce, std::uint64_t from,
                         const FrameVisitor& visit) {
  return Walk(file, nonce, from, visit).run();
}

Result<bool> frame_holds(io::File& file, std::uint64_t nonce, std::uint64_t offset,
                         const FrameHeader& header) {
  EncodedHeader raw{};
  FARM_TRY(const std::size_t read, file.read_at(offset, raw));
  if (read != raw.size()) return false;
  if (raw != encode_frame_header(header, nonce, offset)) return false;
  if (header.type == FrameType::kFiller) return true;
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(header.payload_bytes, kReadBytes)));
  std::uint32_t checksum = 0;
  for (std::uint64_t done = 0; done < header.payload_bytes;) {
    const MutableByteView part = MutableByteView(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(header.payload_bytes - done, kReadBytes)));
    FARM_TRY(const std::size_t n, file.read_at(offset + kFrameHeaderBytes + done, part));
    if (n != part.size()) return false;
    checksum = crc32c(part, checksum);
    done += n;
  }
  return checksum == header.payload_checksum;
}

}  // namespace farm::volume
