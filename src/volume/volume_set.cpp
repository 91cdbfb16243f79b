#include "volume/volume_set.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/digest.h"

namespace farm::volume {
namespace {

auto not_loaded() {
  return fail(ErrorCode::kUnavailable, "volume", "the store is being opened; try again soon");
}

}  // namespace

VolumeSet::VolumeSet(io::FileSystem& files, const Clock& clock, const Config& config)
    : files_(files), clock_(clock), config_(config), table_(std::make_unique<VolumeTable>()) {}

VolumeSet::~VolumeSet() {
  (void)checkpoint();  // without it the next start takes longer, that is all
  for (const auto& volume : volumes_) {
    if (volume) volume->close();
  }
}

Result<Slot> VolumeSet::make_volume(Directory& directory) {
  const std::lock_guard lock(make_mutex_);
  Superblock superblock;
  random_bytes(superblock.uuid);
  superblock.nonce = random_nonce();
  superblock.store = store_;
  superblock.number = last_number_ + 1;
  superblock.created_ms = clock_.now_ms();
  FARM_TRY([[maybe_unused]] const std::uint64_t free, directory.free_bytes());
  FARM_TRY(auto volume,
           Volume::create(files_, directory.volume_path(superblock.number), superblock, config_));
  last_number_ = superblock.number;
  return add(std::move(volume));
}

// The caller holds make_mutex_, or nobody else knows the set yet.
Result<Slot> VolumeSet::add(std::unique_ptr<Volume> volume) {
  if (free_slots_.empty() && volumes_.size() >= kMaxVolumes) {
    return fail(ErrorCode::kNoSpace, "volume", "a store has at most 65535 volumes");
  }
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint16_t>(volumes_.size()));
    volumes_.emplace_back();
  }
  const Slot slot{volume.get(), free_slots_.back()};
  free_slots_.pop_back();
  (*table_)[slot.number].store(volume.get(), std::memory_order_release);
  volumes_[slot.number] = std::move(volume);
  return slot;
}

Result<void> VolumeSet::put(PhotoId id, std::uint32_t version, std::span<const ByteView> parts) {
  if (!loaded()) return not_loaded();
  FrameHeader header;
  header.type = FrameType::kRecord;
  header.id = id;
  header.version = version;
  for (const ByteView part : parts) {
    header.payload_bytes += part.size();
    header.payload_checksum = crc32c(part, header.payload_checksum);
  }
  if (id.value == 0 || id.value >> 63 != 0 || version == 0 || header.payload_bytes == 0) {
    return fail(ErrorCode::kInvalidArgument, "volume", "a record has an id, a version and bytes");
  }
  if (header.payload_bytes > kMaxRecordBytes) {
    return fail(ErrorCode::kTooLarge, "volume", "a record has less than 4 GiB");
  }
  const auto pass = gate_.enter(id);
  if (const auto present = index_.find(id)) {
    if (present->removed) {
      return fail(ErrorCode::kConflict, "volume", "photo " + id.str() + " was removed");
    }
    if (present->version >= version) {
      return fail(ErrorCode::kConflict, "volume",
                  "photo " + id.str() + " has version " + std::to_string(present->version));
    }
  }
  FARM_TRY(const Location location, append(header, parts));
  const auto held = epoch_.enter();
  if (const auto replaced = index_.set(id, location)) retire(*replaced, clock_.now_ms());
  return ok();
}

Result<void> VolumeSet::remove(PhotoId id) {
  if (!loaded()) return not_loaded();
  const auto pass = gate_.enter(id);
  const auto present = index_.find(id);
  if (!present || present->removed) return fail(ErrorCode::kNotFound, "volume", {});
  FARM_TRY(const Location tombstone, append_tombstone(id, present->version));
  const auto held = epoch_.enter();
  // Not `present`: it may have been moved meanwhile.
  if (const auto replaced = index_.set(id, tombstone)) retire(*replaced, clock_.now_ms());
  return ok();
}

Result<void> VolumeSet::renew_removal(PhotoId id) {
  const auto pass = gate_.enter(id);
  const auto present = index_.find(id);
  if (!present || !present->removed) return fail(ErrorCode::kNotFound, "volume", {});
  FARM_TRY(const Location tombstone, append_tombstone(id, present->version));
  index_.set(id, tombstone);
  return ok();
}

Result<Location> VolumeSet::append_tombstone(PhotoId id, std::uint32_t version) {
  FrameHeader header;
  header.type = FrameType::kTombstone;
  header.id = id;
  header.version = version;
  FARM_TRY(Location location, append(header, {}));
  location.removed = true;
  return location;
}

Result<Location> VolumeSet::append(FrameHeader header, std::span<const ByteView> payload) {
  header.sequence = ++sequence_;
  header.written_ms = clock_.now_ms();
  const Directory::MakeVolume make = [this](Directory& directory) {
    return make_volume(directory);
  };
  // The emptiest disk first; the others if it does not take it.
  std::vector<Directory*> order;
  for (const auto& directory : directories_) order.push_back(directory.get());
  std::ranges::stable_sort(order, std::ranges::greater{}, &Directory::free_estimate);
  std::optional<Error> refusal;
  for (Directory* directory : order) {
    auto appended = directory->append(header, payload, make);
    if (!appended) {
      if (!refusal) refusal = std::move(appended).error();
      continue;
    }
    return Location{.offset = appended.value().offset,
                    .bytes = static_cast<std::uint32_t>(header.payload_bytes),
                    .version = header.version,
                    .slot = appended.value().slot.number};
  }
  return fail(std::move(*refusal));
}

// The caller holds the epoch.
void VolumeSet::retire(const Location& location, Millis since_ms) {
  if (location.removed) return;  // tombstones are kept
  volume_at(location.slot).add_garbage(frame_bytes(location.bytes), since_ms);
}

Result<Location> VolumeSet::locate(PhotoId id, std::uint32_t version) const {
  const auto found = index_.find(id);
  if (!loaded() && !(found && is_certain(*found))) {
    return fail(ErrorCode::kUnavailable, "volume", {});
  }
  if (!found || found->removed) return fail(ErrorCode::kNotFound, "volume", {});
  if (version != 0 && version != found->version) return fail(ErrorCode::kConflict, "volume", {});
  return *found;
}

std::optional<Location> VolumeSet::find(PhotoId id) const {
  auto found = locate(id);
  if (!found) return {};
  return found.value();
}

Result<void> VolumeSet::read(const Location& location, std::uint64_t offset, MutableByteView out) {
  return volume_at(location.slot).read(location.offset + offset, out);
}

std::optional<Result<void>> VolumeSet::try_read(const Location& location, std::uint64_t offset,
                                                MutableByteView out) {
  return volume_at(location.slot).try_read(location.offset + offset, out);
}

Result<FrameHeader> VolumeSet::header_of(PhotoId id, const Location& location) {
  FARM_TRY(const FrameHeader header, volume_at(location.slot).header_of(location.offset));
  const FrameType expected = location.removed ? FrameType::kTombstone : FrameType::kRecord;
  if (header.type == expected && header.id == id && header.version == location.version &&
      header.payload_bytes == location.bytes) {
    return header;
  }
  return fail(ErrorCode::kCorrupt, "volume", "another photo's record is in its place");
}

bool VolumeSet::for_each(const std::function<bool(PhotoId, const Location&)>& visit) const {
  return index_.for_each([&](PhotoId id, const Location& location) {
    return location.removed || visit(id, location);
  });
}

std::vector<VolumeSet::IndexedRecord> VolumeSet::entries_in(std::uint16_t slot) const {
  std::vector<IndexedRecord> entries;
  index_.for_each([&](PhotoId id, const Location& location) {
    if (location.slot == slot) entries.push_back({id, location});
    return true;
  });
  std::ranges::sort(entries, {}, [](const IndexedRecord& entry) { return entry.location.offset; });
  return entries;
}

std::vector<std::uint16_t> VolumeSet::slots() const {
  const std::lock_guard lock(make_mutex_);
  std::vector<std::uint16_t> slots;
  for (std::size_t slot = 0; slot < volumes_.size(); ++slot) {
    if (volumes_[slot]) slots.push_back(static_cast<std::uint16_t>(slot));
  }
  return slots;
}

std::optional<VolumeSet::ScrubAge> VolumeSet::oldest_scrub() const {
  const std::lock_guard lock(make_mutex_);
  std::optional<ScrubAge> oldest;
  for (std::size_t slot = 0; slot < volumes_.size(); ++slot) {
    if (!volumes_[slot]) continue;
    const Millis scrubbed_ms = volumes_[slot]->scrubbed_ms();
    if (oldest && oldest->scrubbed_ms <= scrubbed_ms) continue;
    oldest = {static_cast<std::uint16_t>(slot), scrubbed_ms};
  }
  return oldest;
}

void VolumeSet::set_scrubbed(std::uint16_t slot) {
  const std::lock_guard lock(make_mutex_);
  if (slot < volumes_.size() && volumes_[slot]) volumes_[slot]->set_scrubbed(clock_.now_ms());
}

VolumeSet::Stats VolumeSet::stats() {
  Stats stats;
  stats.index = index_.counts();
  stats.checkpoint_ms = checkpoint_ms_;
  for (const auto& directory : directories_) {
    if (const auto free = directory->free_bytes()) stats.disk_free_bytes += free.value();
    if (auto trouble = directory->trouble()) stats.problems.push_back(std::move(*trouble));
  }
  const std::lock_guard lock(make_mutex_);
  stats.problems.insert(stats.problems.begin(), findings_.begin(), findings_.end());
  for (const auto& volume : volumes_) {
    if (!volume) continue;
    ++stats.volumes;
    stats.garbage_bytes += volume->garbage_bytes();
    stats.syncs += volume->syncs();
    if (auto trouble = volume->trouble()) stats.problems.push_back(std::move(*trouble));
  }
  return stats;
}

}  // namespace farm::volume
