#include "cache/disk/disk_home.h"

#include <algorithm>

#include "cache/disk/segment_files.h"

namespace farm::cache {
namespace {

constexpr std::uint64_t kMaxHeadBytes = 4096;

}  // namespace

Result<std::unique_ptr<DiskHome>> DiskHome::open(io::FileSystem& files,
                                                 std::filesystem::path directory) {
  std::unique_ptr<DiskHome> home(new DiskHome(files, std::move(directory)));
  FARM_TRY(files.make_directories(home->directory_));
  FARM_TRY(home->lock_, files.lock(home->directory_ / "cache.lock"));
  FARM_TRY(home->read_head());
  return home;
}

Result<void> DiskHome::read_head() {
  auto file = files_.open(head_path(), io::OpenMode::kRead);
  if (!file) {
    if (file.error().code == ErrorCode::kNotFound) return ok();
    return fail(std::move(file).error());
  }
  FARM_TRY(const std::uint64_t size, file.value()->size());
  Bytes bytes(std::min(size, kMaxHeadBytes));
  FARM_TRY(const std::size_t read, file.value()->read_at(0, bytes));
  head_ = decode_disk_head(ByteView(bytes).first(read));
  return ok();
}

Result<void> DiskHome::remove(const std::filesystem::path& path) {
  auto removed = files_.remove(path);
  if (!removed && removed.error().code == ErrorCode::kNotFound) return ok();
  return removed;
}

Result<void> DiskHome::write_head(const DiskHead& head) {
  const std::lock_guard lock(mutex_);
  if (disowned_) return fail(ErrorCode::kClosed, "cache", directory_.string() + " was given up");
  const std::filesystem::path draft = directory_ / "cache.head.new";
  FARM_TRY(remove(draft));
  const Bytes bytes = encode_disk_head(head);
  const ByteView part = bytes;
  {
    FARM_TRY(const auto file, files_.open(draft, io::OpenMode::kCreateNew));
    FARM_TRY(file->write_at(0, {&part, 1}));
    FARM_TRY(file->sync_data());
  }
  FARM_TRY(files_.rename(draft, head_path()));
  FARM_TRY(files_.sync_directory(directory_));
  head_ = head;
  return ok();
}

Result<void> DiskHome::clear() {
  // Without a head nothing else counts: should the power go away in between, the next start clears
  // what is left.
  FARM_TRY(remove(head_path()));
  FARM_TRY(files_.sync_directory(directory_));
  head_.reset();
  FARM_TRY(remove(checkpoint_path()));
  FARM_TRY(const std::vector<std::string> names, files_.list(directory_));
  for (const std::string& name : names) {
    if (SegmentFiles::sequence_of(name) == 0) continue;
    FARM_TRY(remove(directory_ / name));
  }
  return files_.sync_directory(directory_);
}

Result<void> DiskHome::remove_checkpoint() {
  FARM_TRY(remove(checkpoint_path()));
  return files_.sync_directory(directory_);
}

void DiskHome::disown() {
  const std::lock_guard lock(mutex_);
  disowned_ = true;
  if (remove(head_path())) (void)files_.sync_directory(directory_);
}

}  // namespace farm::cache
