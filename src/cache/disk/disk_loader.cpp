#include "cache/disk/disk_loader.h"

#include <algorithm>

#include "cache/disk/index_checkpoint.h"

namespace farm::cache {
namespace {

class Loader {
 public:
  Loader(io::FileSystem& files, DiskHome& home, DiskIndex& index, SegmentFiles& segments,
         SegmentLog& log)
      : files_(files), home_(home), index_(index), segments_(segments), log_(log) {}

  Result<LoadOutcome> run() {
    FARM_TRY(find_segments());
    FARM_TRY(const bool sound, read_checkpoint());
    if (sound) {
      FARM_TRY(const bool fits, replay());
      if (fits) return finish();
    }
    // The segments alone tell everything, too.
    index_.clear();
    rows_.clear();
    closed_.clear();
    outcome_ = {};
    FARM_TRY(home_.remove_checkpoint());
    FARM_TRY(replay());
    return finish();
  }

 private:
  struct Closed {
    std::uint32_t slot;
    std::uint64_t sequence;
    std::uint64_t bytes;
  };

  // Numbers without a gap, the newest last: what is before a gap had been let go of.
  Result<void> find_segments() {
    FARM_TRY(const std::vector<std::string> names, files_.list(home_.directory()));
    std::vector<std::uint64_t> found;
    for (const std::string& name : names) {
      if (const std::uint64_t sequence = SegmentFiles::sequence_of(name)) found.push_back(sequence);
    }
    std::ranges::sort(found);
    std::size_t first = found.empty() ? 0 : found.size() - 1;
    while (first > 0 && found[first - 1] + 1 == found[first]) --first;
    for (std::size_t i = 0; i < first; ++i) {
      FARM_TRY(files_.remove(home_.directory() / SegmentFiles::name_of(found[i])));
    }
    for (std::size_t i = first; i < found.size(); ++i) {
      FARM_TRY(segments_.open(static_cast<std::uint32_t>(live_.size()), found[i]));
      live_.push_back(found[i]);
    }
    return ok();
  }

  std::optional<std::uint32_t> slot_of(std::uint64_t sequence) const {
    if (live_.empty() || sequence < live_.front() || sequence > live_.back()) return std::nullopt;
    return static_cast<std::uint32_t>(sequence - live_.front());
  }

  bool accepts(const std::vector<CheckpointRow>& rows) const {
    if (rows.empty() || !slot_of(rows.back().sequence)) return false;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      if (rows[i].sequence != rows[i - 1].sequence + 1) return false;
    }
    return true;
  }

  // False if there is one that is not to be used.
  Result<bool> read_checkpoint() {
    auto rows = read_index_checkpoint(
        files_, home_.checkpoint_path(), home_.head()->disk,
        {.accepts = [this](const auto& all) { return accepts(all); },
         .slot_of = [this](const CheckpointRow& row) { return slot_of(row.sequence); }},
        index_);
    if (rows) {
      rows_ = std::move(rows).value();
      outcome_.by_checkpoint = true;
      return true;
    }
    const ErrorCode code = rows.error().code;
    if (code == ErrorCode::kNotFound) return true;
    if (code == ErrorCode::kCorrupt) return false;
    return fail(std::move(rows).error());
  }

  const CheckpointRow* row_of(std::uint64_t sequence) const {
    if (rows_.empty() || sequence < rows_.front().sequence || sequence > rows_.back().sequence) {
      return nullptr;
    }
    return &rows_[sequence - rows_.front().sequence];
  }

  bool is_known(const CheckpointRow* row) const {
    return row != nullptr && row->end == CheckpointRow::kWhole;
  }

  // The ends of all segments that will be read are asked for at once, so that the disk need not be
  // waited for so many times in turn.
  Result<void> read_ahead() {
    constexpr std::uint64_t kMostOfAnEnd = 64 << 10;
    for (const std::uint64_t sequence : live_) {
      const auto segment = segments_.get(*slot_of(sequence));
      if (!segment || is_known(row_of(sequence))) continue;
      FARM_TRY(const std::uint64_t size, segment->file->size());
      const std::uint64_t length = std::min(size, kMostOfAnEnd);
      segment->file->begin_read_ahead(size - length, length);
      segment->file->begin_read_ahead(0, kSegmentHeadBytes);
    }
    return ok();
  }

  // False if the checkpoint does not fit the segments.
  Result<bool> replay() {
    FARM_TRY(read_ahead());
    for (const std::uint64_t sequence : live_) {
      const std::uint32_t slot = *slot_of(sequence);
      const auto segment = segments_.get(slot);
      if (!segment) continue;  // let go of
      const CheckpointRow* const row = row_of(sequence);
      if (row == nullptr && !rows_.empty() && sequence < rows_.front().sequence) {
        segments_.remove(slot);  // it had been let go of before the checkpoint
        continue;
      }
      if (is_known(row)) {
        FARM_TRY(const std::uint64_t size, segment->file->size());
        closed_.push_back({slot, sequence, size});
        continue;
      }
      FARM_TRY(const bool fits, replay_segment(slot, sequence, *segment, row));
      if (!fits) return false;
    }
    return true;
  }

  Result<bool> replay_segment(std::uint32_t slot, std::uint64_t sequence,
                              const SegmentFile& segment, const CheckpointRow* row) {
    ++outcome_.segments_read;
    auto read = read_segment(*segment.file, segment.id);
    if (!read && read.error().code != ErrorCode::kNotFound) return fail(std::move(read).error());
    const bool lost = !read || (!read.value().complete && sequence != live_.back());
    if (row != nullptr && (lost || read.value().end < row->end)) return false;
    if (lost) {
      let_go_up_to(slot);
      return true;
    }
    const SegmentContents& contents = read.value();
    for (const SegmentEntry& entry : contents.entries) {
      if (row != nullptr && entry.offset < row->end) continue;
      if (entry.length == 0) {
        index_.erase(entry.hash);
      } else {
        index_.put(entry.hash, {slot, entry.offset, entry.length});
      }
    }
    FARM_TRY(std::uint64_t bytes, segment.file->size());
    if (!contents.closed) {
      FARM_TRY(bytes, segments_.close(slot, contents.end, contents.entries));
    }
    closed_.push_back({slot, sequence, bytes});
    return true;
  }

  // What it held may have said that something older is gone. The newest alone takes nothing along:
  // that is what a loss of power may cost.
  void let_go_up_to(std::uint32_t slot) {
    if (live_[slot] != live_.back()) {
      index_.clear();
      closed_.clear();
      for (std::uint32_t older = 0; older < slot; ++older) segments_.remove(older);
    }
    segments_.remove(slot);
  }

  Result<LoadOutcome> finish() {
    for (const Closed& each : closed_) log_.adopt(each.slot, each.sequence, each.bytes);
    outcome_.segments = closed_.size();
    log_.trim();
    return outcome_;
  }

  io::FileSystem& files_;
  DiskHome& home_;
  DiskIndex& index_;
  SegmentFiles& segments_;
  SegmentLog& log_;
  std::vector<std::uint64_t> live_;  // sequences; the slot is the place here
  std::vector<CheckpointRow> rows_;
  std::vector<Closed> closed_;
  LoadOutcome outcome_;
};

}  // namespace

Result<LoadOutcome> load_disk(io::FileSystem& files, DiskHome& home, DiskIndex& index,
                              SegmentFiles& segments, SegmentLog& log) {
  return Loader(files, home, index, segments, log).run();
}

}  // namespace farm::cache
