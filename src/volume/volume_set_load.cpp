// Opening a volume set: the directories, what a checkpoint knows, and the volumes' frames.
//
// Volumes are gone through in falling order of the greatest sequence in them. So a record whose
// volume was gone through, and holds no frame older than the newest of those that were not, is the
// photo's last word and can be served while the rest is still being read.
#include <algorithm>
#include <charconv>
#include <set>

#include "base/digest.h"
#include "obs/log.h"
#include "volume/volume_set.h"

namespace farm::volume {
namespace {

constexpr std::uint64_t kAnySequence = ~std::uint64_t{0};

// The number in "…/000012.vol"; 0 if it has none.
std::uint32_t number_in(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  std::uint32_t number = 0;
  const auto parsed = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  return parsed.ptr == stem.data() + stem.size() ? number : 0;
}

bool is_zero(const Uuid& uuid) { return uuid == Uuid{}; }

}  // namespace

// A volume that has not been gone through.
struct VolumeSet::Pending {
  Slot slot;
  Directory* directory = nullptr;
  std::uint64_t last_sequence = kAnySequence;
  Volume::Known known;
};

Result<std::unique_ptr<VolumeSet>> VolumeSet::open(io::FileSystem& files, const Clock& clock,
                                                   const std::vector<Path>& directories,
                                                   const Config& config) {
  std::unique_ptr<VolumeSet> set(new VolumeSet(files, clock, config));
  FARM_TRY(set->open_directories(directories));
  return set;
}

Result<void> VolumeSet::open_directories(const std::vector<Path>& paths) {
  if (paths.empty()) {
    return fail(ErrorCode::kInvalidArgument, "volume", "a store needs a data directory");
  }
  for (const Path& path : paths) {
    FARM_TRY(auto directory, Directory::open(files_, path));
    directories_.push_back(std::move(directory));
  }
  for (const auto& directory : directories_) {
    FARM_TRY(const auto files, directory->volume_files());
    for (const Path& path : files) {
      FARM_TRY(open_volume(*directory, path));
    }
  }
  note_missing_volumes();
  if (is_zero(store_)) random_bytes(store_);
  return ok();
}

Result<void> VolumeSet::open_volume(Directory& directory, const Path& path) {
  const std::uint32_t number = number_in(path);
  last_number_ = std::max(last_number_, number);
  auto opened = Volume::open(files_, path, config_);
  if (!opened) {
    if (opened.error().code == ErrorCode::kUnsupported) return fail(std::move(opened).error());
    ++unreadable_volumes_;
    findings_.push_back("a volume cannot be read, its photos are missing: " +
                        opened.error().message());
    return ok();
  }
  FARM_TRY(check_identity(*opened.value(), path));
  FARM_TRY(const Slot slot, add(std::move(opened).value()));
  load_total_ += slot.volume->opened_bytes();
  if (slot.volume->reads_only()) directory.note_reads_only();
  homes_.push_back(&directory);
  return ok();
}

Result<void> VolumeSet::check_identity(const Volume& volume, const Path& path) {
  const Superblock& superblock = volume.superblock();
  last_number_ = std::max(last_number_, superblock.number);
  if (is_zero(store_)) store_ = superblock.store;
  if (superblock.store != store_) {
    return fail(ErrorCode::kConflict, "volume", path.string() + " belongs to another store");
  }
  for (const auto& other : volumes_) {
    if (other->superblock().uuid != superblock.uuid) continue;
    return fail(ErrorCode::kConflict, "volume",
                path.string() + " is a copy of " + other->path().string() +
                    "; move the one that does not belong here away");
  }
  return ok();
}

// Numbers are given one after the other, so a gap is a disk that is not mounted or a lost file.
void VolumeSet::note_missing_volumes() {
  std::set<std::uint32_t> present;
  for (const auto& volume : volumes_) present.insert(volume->superblock().number);
  const std::uint64_t missing = last_number_ - present.size();
  if (missing <= unreadable_volumes_) return;
  findings_.push_back(std::to_string(missing - unreadable_volumes_) + " of " +
                      std::to_string(last_number_) +
                      " volumes are missing, with their photos: is a disk not mounted?");
}

void VolumeSet::add_finding(std::string finding) {
  const std::lock_guard lock(make_mutex_);
  findings_.push_back(std::move(finding));
}

VolumeSet::LoadState VolumeSet::load_state() const {
  return {.loaded = loaded(), .bytes_done = load_done_, .bytes_total = load_total_};
}

Result<void> VolumeSet::load(const std::atomic<bool>& stop) {
  std::vector<Pending> pending;
  for (std::size_t i = 0; i < volumes_.size(); ++i) {
    Pending one{{volumes_[i].get(), static_cast<std::uint16_t>(i)}, homes_[i], kAnySequence, {}};
    if (const auto& footer = volumes_[i]->footer()) one.last_sequence = footer->last_sequence;
    pending.push_back(one);
  }
  restore_checkpoint(pending);
  std::ranges::stable_sort(pending, std::ranges::greater{}, &Pending::last_sequence);
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (stop) return fail(ErrorCode::kClosed, "volume", "opening was stopped");
    load_volume(pending[i]);
    unloaded_sequence_ = i + 1 < pending.size() ? pending[i + 1].last_sequence : 0;
  }
  loaded_.store(true, std::memory_order_release);
  return ok();
}

// Any doubt about the checkpoint as a whole, and it is as if there were none.
void VolumeSet::restore_checkpoint(std::vector<Pending>& pending) {
  auto reader = CheckpointReader::open(files_, checkpoint_path());
  if (!reader) {
    if (reader.error().code != ErrorCode::kNotFound) {
      obs::log_warn("all volumes are read", {{"why", reader.error().message()}});
    }
    return;
  }
  const CheckpointHead& head = reader.value().head();
  if (head.store != store_) return;
  std::vector<Pending> covered = pending;
  std::vector<std::uint16_t> slots;
  for (const Cover& cover : head.volumes) {
    slots.push_back(kNoSlot);
    if (!take_cover(cover, covered, slots.back())) checkpoint_stale_ = true;
  }
  Index index;
  if (auto read = reader.value().read_entries(slots, index); !read) {
    obs::log_warn("all volumes are read", {{"why", read.error().message()}});
    return;
  }
  index_.swap(index);
  sequence_ = std::max(sequence_.load(), head.last_sequence);
  checkpoint_sequence_ = head.last_sequence;
  checkpoint_ms_ = head.made_ms;
  pending = std::move(covered);
  for (std::size_t row = 0; row < slots.size(); ++row) {
    if (slots[row] == kNoSlot) continue;
    Volume& volume = *volumes_[slots[row]];
    const Cover& cover = head.volumes[row];
    volume.set_scrubbed(cover.scrubbed_ms);
    if (cover.garbage_bytes > 0) volume.add_garbage(cover.garbage_bytes, cover.oldest_garbage_ms);
  }
}

// False if the volume is not there as it was: it is gone, was rewritten since, or has lost its end.
bool VolumeSet::take_cover(const Cover& cover, std::vector<Pending>& pending, std::uint16_t& slot) {
  for (Pending& one : pending) {
    const Superblock& superblock = one.slot.volume->superblock();
    if (superblock.uuid != cover.uuid || superblock.generation != cover.generation) continue;
    const std::uint64_t bytes = one.slot.volume->opened_bytes();
    if (bytes < cover.end || cover.end < kFirstFrame) return false;
    // Behind a footer there is nothing, or nothing that counts.
    if (cover.closed && (bytes != cover.end || !one.slot.volume->footer())) return false;
    one.known = {cover.end, cover.totals};
    slot = one.slot.number;
    return true;
  }
  return false;
}

void VolumeSet::load_volume(const Pending& pending) {
  Volume& volume = *pending.slot.volume;
  std::uint64_t first_sequence = kAnySequence;
  const std::uint64_t done_before = load_done_;
  const auto recovered =
      volume.recover(pending.known, [&](std::uint64_t offset, const FrameHeader& header) {
        first_sequence = std::min(first_sequence, header.sequence);
        load_done_ = done_before + offset;
        apply(pending.slot, offset, header);
      });
  if (!recovered) {
    add_finding("a volume cannot be read to its end, photos of it are missing: " +
                recovered.error().message());
  }
  load_done_ = done_before + volume.opened_bytes();
  sequence_ = std::max(sequence_.load(), volume.footer().value_or(Footer{}).last_sequence);
  // What a checkpoint covers is not known that closely.
  if (pending.known.end == kFirstFrame) volume.set_first_sequence(first_sequence);
  if (volume.takes_frames() && pending.directory->names_are_durable()) {
    pending.directory->add_writable(pending.slot);
  }
}

// The greatest sequence number of a photo decides. The index has no room for it, but few photos
// have more than one frame, and the other one's header is on the disk.
void VolumeSet::apply(const Slot& slot, std::uint64_t offset, const FrameHeader& header) {
  sequence_ = std::max(sequence_.load(), header.sequence);
  const Location location{.offset = offset + kFrameHeaderBytes,
                          .bytes = static_cast<std::uint32_t>(header.payload_bytes),
                          .version = header.version,
                          .slot = slot.number,
                          .removed = header.type == FrameType::kTombstone};
  const auto present = index_.find(header.id);
  if (!present) {
    index_.set(header.id, location);
    return;
  }
  if (*present == location) return;  // the checkpoint told it already
  const auto other = volume_at(present->slot).header_of(present->offset);
  const bool wins = other ? header.sequence > other.value().sequence
                          : location.removed || header.version > present->version;
  if (wins) {
    index_.set(header.id, location);
    retire(*present, header.written_ms);
  } else {
    retire(location, other ? other.value().written_ms : header.written_ms);
  }
}

bool VolumeSet::is_certain(const Location& location) const {
  return volume_at(location.slot).first_sequence() > unloaded_sequence_.load();
}

}  // namespace farm::volume
