#include "volume/directory.h"

#include <algorithm>
#include <cstdio>

namespace farm::volume {
namespace {

// A disk on which so many volumes failed since the start is not tried again.
constexpr std::uint64_t kMaxFailedVolumes = 3;

}  // namespace

Directory::Directory(io::FileSystem& files, Path path, std::unique_ptr<io::FileLock> lock)
    : files_(files), path_(std::move(path)), lock_(std::move(lock)) {}

Result<std::unique_ptr<Directory>> Directory::open(io::FileSystem& files, const Path& path) {
  FARM_TRY(files.make_directories(path / "volumes"));
  auto lock = files.lock(path / "lock");
  if (!lock) {
    Error error = std::move(lock).error();
    if (error.code == ErrorCode::kBusy) error.context = "already in use: " + error.context;
    return fail(std::move(error));
  }
  std::unique_ptr<Directory> directory(new Directory(files, path, std::move(lock).value()));
  FARM_TRY([[maybe_unused]] const std::uint64_t free, directory->free_bytes());
  return directory;
}

Directory::Path Directory::volume_path(std::uint32_t number) const {
  std::array<char, 24> name{};
  std::snprintf(name.data(), name.size(), "%06u.vol", number);
  return path_ / "volumes" / name.data();
}

Result<std::vector<Directory::Path>> Directory::volume_files() {
  FARM_TRY(const auto names, files_.list(path_ / "volumes"));
  std::vector<Path> found;
  for (const std::string& name : names) {
    const Path path = path_ / "volumes" / name;
    if (path.extension() == ".vol") found.push_back(path);
    if (path.extension() == ".new") (void)files_.remove(path);  // or at a later start
  }
  if (auto synced = files_.sync_directory(path_ / "volumes"); !synced) {
    names_are_durable_ = false;
    note_outcome(synced);
  }
  return found;
}

void Directory::add_writable(const Slot& slot) {
  const std::lock_guard lock(mutex_);
  writable_.push_back(slot);
}

void Directory::note_reads_only() {
  const std::lock_guard lock(mutex_);
  trouble_ = "the disk, or a volume on it, can only be read";
}

void Directory::seal_writable(const std::function<bool(const Volume&)>& which) {
  std::vector<Slot> chosen;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(writable_, [&](const Slot& slot) {
      if (!slot.volume->takes_frames() || !which(*slot.volume)) return false;
      chosen.push_back(slot);
      return true;
    });
  }
  // Waits for those who still write. If it fails, the volume tells of it.
  for (const Slot& slot : chosen) (void)slot.volume->seal();
}

Result<std::uint64_t> Directory::free_bytes() {
  FARM_TRY(const std::uint64_t free, files_.free_space(path_));
  free_estimate_ = free;
  return free;
}

std::optional<std::string> Directory::trouble() const {
  const std::lock_guard lock(mutex_);
  if (trouble_.empty()) return {};
  return path_.string() + " takes no photos: " + trouble_;
}

Result<Directory::Appended> Directory::append(const FrameHeader& header,
                                              std::span<const ByteView> payload,
                                              const MakeVolume& make) {
  const Purpose purpose =
      header.type == FrameType::kTombstone ? Purpose::kTombstone : Purpose::kRecord;
  auto reserved = reserve(header.payload_bytes, purpose, make);
  if (!reserved) {
    note_outcome(fail(reserved.error()));
    return fail(std::move(reserved).error());
  }
  const auto& [slot, place] = reserved.value();
  auto done = slot.volume->append(place, header, payload);
  note_outcome(done);
  FARM_TRY(std::move(done));
  free_estimate_ -= std::min(free_estimate_.load(), place.bytes);
  return Appended{slot, Volume::payload_offset(place)};
}

Result<Directory::Reserved> Directory::reserve(std::uint64_t payload_bytes, Purpose purpose,
                                               const MakeVolume& make) {
  std::vector<Slot> full;
  auto reserved = [&]() -> Result<Reserved> {
    const std::lock_guard lock(mutex_);
    drop_failed();
    // The newest first. An older one still has the space that it keeps for removals, which is all
    // there is when the disk is full; and then another volume would not help.
    std::optional<Error> refusal;
    for (std::size_t i = writable_.size(); i-- > 0;) {
      auto place = writable_[i].volume->reserve(payload_bytes, purpose);
      if (!place) {
        refusal = std::move(place).error();
      } else if (place.value()) {
        return Reserved{writable_[i], *place.value()};
      }
    }
    if (refusal) return fail(std::move(*refusal));
    FARM_TRY(const Slot slot, make_writable(make));
    FARM_TRY(const auto place, slot.volume->reserve(payload_bytes, purpose));
    if (!place) {
      return fail(ErrorCode::kIo, "volume", "a new volume in " + path_.string() + " failed");
    }
    full.assign(writable_.begin(), writable_.end() - 1);
    writable_ = {slot};
    return Reserved{slot, *place};
  }();
  // Waits for those who still write to them, so not under the lock. If it fails, the volume tells
  // of it, and is none the worse for reading.
  for (const Slot& slot : full) (void)slot.volume->seal();
  return reserved;
}

void Directory::drop_failed() {
  failed_volumes_ +=
      std::erase_if(writable_, [](const Slot& slot) { return !slot.volume->takes_frames(); });
}

Result<Slot> Directory::make_writable(const MakeVolume& make) {
  if (failed_volumes_ >= kMaxFailedVolumes) {
    return fail(ErrorCode::kIo, "volume", "the disk failed several times; restart to try again");
  }
  FARM_TRY(const Slot slot, make(*this));
  writable_.push_back(slot);
  return slot;
}

void Directory::note_outcome(const Result<void>& outcome) {
  const std::lock_guard lock(mutex_);
  trouble_ = outcome ? "" : outcome.error().message();
}

}  // namespace farm::volume
