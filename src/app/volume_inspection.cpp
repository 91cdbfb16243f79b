#include "app/volume_inspection.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <unordered_map>

#include "volume/frame_walker.h"

namespace farm::app {
namespace {

using volume::FrameHeader;
using volume::FrameType;
using volume::FrameWalker;

class Inspector {
 public:
  Inspector(io::File& file, const InspectOptions& options) : file_(file), options_(options) {}

  Result<VolumeInspection> run() {
    FARM_TRY(found_.file_bytes, file_.size());
    FARM_TRY(read_superblocks());
    FrameWalker walker(file_, found_.superblock.nonce, volume::kFirstFrame, found_.file_bytes);
    for (;;) {
      FARM_TRY(const auto step, walker.next());
      if (!step) break;
      if (step->frame) {
        FARM_TRY(take(step->offset, *step->frame));
      }
      if (options_.progress) options_.progress(step->end, found_.file_bytes);
    }
    for (const auto& [id, newest] : newest_) {
      if (newest.removed) continue;
      ++found_.live_records;
      found_.live_bytes += newest.bytes;
    }
    FARM_TRY(found_.recovery, volume::recover(file_, found_.superblock.nonce, volume::kFirstFrame,
                                              [](std::uint64_t, const FrameHeader&) {}));
    if (found_.footer) {
      const volume::Footer& told = *found_.footer;
      const volume::Footer& seen = found_.recovery.totals;
      found_.footer_agrees = told.frames == seen.frames && told.records == seen.records &&
                             told.tombstones == seen.tombstones &&
                             told.payload_bytes == seen.payload_bytes &&
                             told.last_sequence == seen.last_sequence;
    }
    return std::move(found_);
  }

 private:
  struct Newest {
    std::uint64_t sequence = 0;
    std::uint64_t bytes = 0;
    bool removed = false;
  };

  // Each copy by itself: read with itself in the other's place.
  Result<void> read_superblocks() {
    Bytes both(volume::kFirstFrame);
    FARM_TRY(const std::size_t count, file_.read_at(0, both));
    std::ranges::fill(MutableByteView(both).subspan(count), std::byte{0});
    for (std::size_t copy = 0; copy < 2; ++copy) {
      const auto begin =
          both.begin() + static_cast<std::ptrdiff_t>(copy * volume::kSuperblockBytes);
      Bytes twice(begin, begin + volume::kSuperblockBytes);
      twice.insert(twice.end(), begin, begin + volume::kSuperblockBytes);
      const auto decoded = volume::decode_superblocks(twice);
      if (!decoded && decoded.error().code == ErrorCode::kUnsupported) return fail(decoded.error());
      found_.copy_good[copy] = decoded.has_value();
    }
    FARM_TRY(const volume::FoundSuperblock found, volume::decode_superblocks(both));
    found_.superblock = found.superblock;
    return ok();
  }

  Result<void> take(std::uint64_t offset, const FrameHeader& header) {
    FrameSeen seen{offset, header, {}};
    if (options_.check || header.type == FrameType::kFooter) {
      const auto holds = volume::frame_holds(file_, found_.superblock.nonce, offset, header);
      seen.holds = holds && holds.value();  // what cannot be read does not hold
      if (!*seen.holds) ++found_.bad_payloads;
    }
    FARM_TRY(count(offset, header, seen.holds.value_or(true)));
    if (options_.visit) options_.visit(seen);
    return ok();
  }

  Result<void> count(std::uint64_t offset, const FrameHeader& header, bool holds) {
    switch (header.type) {
      case FrameType::kRecord:
        ++found_.records;
        found_.payload_bytes += header.payload_bytes;
        note_photo(header);
        break;
      case FrameType::kTombstone:
        ++found_.tombstones;
        note_photo(header);
        break;
      case FrameType::kFiller:
        ++found_.fillers;
        found_.filler_bytes += volume::frame_bytes(header.payload_bytes);
        break;
      case FrameType::kFooter:
        if (holds) return read_footer(offset);
        break;
    }
    return ok();
  }

  void note_photo(const FrameHeader& header) {
    const bool first = newest_.empty();
    found_.first_sequence =
        first ? header.sequence : std::min(found_.first_sequence, header.sequence);
    found_.last_sequence = std::max(found_.last_sequence, header.sequence);
    found_.first_written_ms =
        first ? header.written_ms : std::min(found_.first_written_ms, header.written_ms);
    found_.last_written_ms =
        first ? header.written_ms : std::max(found_.last_written_ms, header.written_ms);
    Newest& newest = newest_[header.id];
    if (header.sequence < newest.sequence) return;
    newest = {header.sequence, header.payload_bytes, header.type == FrameType::kTombstone};
  }

  Result<void> read_footer(std::uint64_t offset) {
    Bytes payload(volume::kFooterPayloadBytes);
    FARM_TRY([[maybe_unused]] const std::size_t count,
             file_.read_at(offset + volume::kFrameHeaderBytes, payload));
    found_.footer = volume::decode_footer(payload);
    return ok();
  }

  io::File& file_;
  const InspectOptions& options_;
  VolumeInspection found_;
  std::unordered_map<PhotoId, Newest> newest_;
};

}  // namespace

Result<VolumeInspection> inspect_volume(io::FileSystem& files, const std::filesystem::path& file,
                                        const InspectOptions& options) {
  FARM_TRY(const auto opened, files.open(file, io::OpenMode::kRead));
  return Inspector(*opened, options).run();
}

std::optional<long> holder_of_volume(const std::filesystem::path& volume_file) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(volume_file, error);
  struct stat lock {};
  if (stat((absolute.parent_path().parent_path() / "lock").c_str(), &lock) != 0) return {};
  // "1: FLOCK  ADVISORY  WRITE 4711 fe:01:123456 0 EOF"
  std::ifstream locks("/proc/locks");
  const std::string inode = ":" + std::to_string(lock.st_ino);
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, advisory, access, place;
    long pid = 0;
    words >> number >> kind >> advisory >> access >> pid >> place;
    if (kind == "FLOCK" && place.ends_with(inode)) return pid;
  }
  return {};
}

}  // namespace farm::app
