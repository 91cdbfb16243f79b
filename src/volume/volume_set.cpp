#include "volume/volume_set.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/checksum.h"
#include "base/digest.h"

namespace farm::volume {
namespace {

// The number in "…/000012.vol"; 0 if it has none.
std::uint32_t number_in(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  std::uint32_t number = 0;
  const auto parsed = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  return parsed.ptr == stem.data() + stem.size() ? number : 0;
}

bool is_zero(const Uuid& uuid) { return uuid == Uuid{}; }

}  // namespace

VolumeSet::VolumeSet(io::FileSystem& files, const Clock& clock, const Config& config)
    : files_(files), clock_(clock), config_(config), table_(std::make_unique<VolumeTable>()) {}

VolumeSet::~VolumeSet() {
  for (const auto& volume : volumes_) volume->close();
}

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
  auto recovered = slot.volume->recover(
      [&](std::uint64_t offset, const FrameHeader& header) { apply(slot, offset, header); });
  if (!recovered) {
    findings_.push_back("a volume cannot be read to its end, photos of it are missing: " +
                        recovered.error().message());
  }
  if (slot.volume->takes_frames()) directory.add_writable(slot);
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
                path.string() + " is a copy of " + other->path().string());
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

void VolumeSet::apply(const Slot& slot, std::uint64_t offset, const FrameHeader& header) {
  sequence_ = std::max(sequence_.load(), header.sequence);
  const Location location{.offset = offset + kFrameHeaderBytes,
                          .bytes = static_cast<std::uint32_t>(header.payload_bytes),
                          .version = header.version,
                          .slot = slot.number,
                          .removed = header.type == FrameType::kTombstone};
  const auto present = index_.find(header.id);
  if (present && is_older(header, *present)) {
    retire(location);
    return;
  }
  index_.set(header.id, location);
  if (present) retire(*present);
}

// The greatest sequence number of a photo decides. The index has no room for it, but few photos
// have more than one frame, and the other one's header is on the disk.
bool VolumeSet::is_older(const FrameHeader& header, const Location& present) {
  const auto other = volume_at(present.slot).header_of(present.offset);
  if (other) return header.sequence < other.value().sequence;
  return !(header.type == FrameType::kTombstone || header.version > present.version);
}

Result<Slot> VolumeSet::make_volume(Directory& directory) {
  const std::lock_guard lock(make_mutex_);
  if (volumes_.size() >= kMaxVolumes) {
    return fail(ErrorCode::kNoSpace, "volume", "a store has at most 65535 volumes");
  }
  Superblock superblock;
  random_bytes(superblock.uuid);
  std::array<std::byte, sizeof superblock.nonce> nonce{};
  random_bytes(nonce);
  superblock.nonce = load_le<std::uint64_t>(nonce, 0);
  superblock.store = store_;
  superblock.number = last_number_ + 1;
  superblock.created_ms = clock_.now_ms();
  FARM_TRY([[maybe_unused]] const std::uint64_t free, directory.free_bytes());
  FARM_TRY(auto volume,
           Volume::create(files_, directory.volume_path(superblock.number), superblock, config_));
  last_number_ = superblock.number;
  return add(std::move(volume));
}

Result<Slot> VolumeSet::add(std::unique_ptr<Volume> volume) {
  if (volumes_.size() >= kMaxVolumes) {
    return fail(ErrorCode::kNoSpace, "volume", "a store has at most 65535 volumes");
  }
  const Slot slot{volume.get(), static_cast<std::uint16_t>(volumes_.size())};
  (*table_)[slot.number].store(volume.get(), std::memory_order_release);
  volumes_.push_back(std::move(volume));
  slot_count_.store(static_cast<std::uint16_t>(volumes_.size()), std::memory_order_release);
  return slot;
}

Result<void> VolumeSet::put(PhotoId id, std::uint32_t version, std::span<const ByteView> parts) {
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
  if (const auto replaced = index_.set(id, location)) retire(*replaced);
  return ok();
}

Result<void> VolumeSet::remove(PhotoId id) {
  const auto pass = gate_.enter(id);
  const auto present = find(id);
  if (!present) return fail(ErrorCode::kNotFound, "volume", {});
  FrameHeader header;
  header.type = FrameType::kTombstone;
  header.id = id;
  header.version = present->version;
  FARM_TRY(Location location, append(header, {}));
  location.removed = true;
  index_.set(id, location);
  retire(*present);
  return ok();
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

void VolumeSet::retire(const Location& location) {
  if (location.removed) return;  // tombstones are kept
  volume_at(location.slot).add_garbage(frame_bytes(location.bytes));
}

std::optional<Location> VolumeSet::find(PhotoId id) const {
  const auto found = index_.find(id);
  if (!found || found->removed) return {};
  return found;
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
  if (header.id == id && header.version == location.version &&
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

std::vector<VolumeSet::IndexedRecord> VolumeSet::records_in(std::uint16_t slot) const {
  std::vector<IndexedRecord> records;
  for_each([&](PhotoId id, const Location& location) {
    if (location.slot == slot) records.push_back({id, location});
    return true;
  });
  std::ranges::sort(records, {},
                    [](const IndexedRecord& record) { return record.location.offset; });
  return records;
}

VolumeSet::Stats VolumeSet::stats() {
  Stats stats;
  stats.index = index_.counts();
  stats.problems = findings_;
  for (const auto& directory : directories_) {
    if (const auto free = directory->free_bytes()) stats.disk_free_bytes += free.value();
    if (auto trouble = directory->trouble()) stats.problems.push_back(std::move(*trouble));
  }
  const std::lock_guard lock(make_mutex_);
  stats.volumes = volumes_.size();
  for (const auto& volume : volumes_) {
    stats.garbage_bytes += volume->garbage_bytes();
    stats.syncs += volume->syncs();
    if (auto trouble = volume->trouble()) stats.problems.push_back(std::move(*trouble));
  }
  return stats;
}

}  // namespace farm::volume
