#include "io/fake_file.h"

#include <algorithm>
#include <cerrno>

#include "io/fake_file_inode.h"

namespace farm::io {

namespace {

using Path = FileSystem::Path;

constexpr std::array kChanging = {Call::kWrite,        Call::kSync,   Call::kAllocate,
                                  Call::kTruncate,     Call::kRename, Call::kRemove,
                                  Call::kSyncDirectory};

// A name's history since its directory was synced; the first entry is the durable one.
using Binding = std::shared_ptr<FakeInode>;  // null: no such file
using History = std::vector<Binding>;

}  // namespace

class FakeDisk {
 public:
  explicit FakeDisk(std::uint64_t seed) : random(seed) {}

  // Counts the call, and says whether it is to fail.
  Result<void> strike(Call call, const Path& path) {
    ++calls[static_cast<std::size_t>(call)];
    const bool changing = std::ranges::find(kChanging, call) != kChanging.end();
    if (changing) ++changing_calls;
    int error_number = 0;
    if (changing && power_left && (*power_left == 0 || --*power_left == 0)) error_number = EIO;
    std::erase_if(faults, [&](Fault& fault) {
      if (fault.call != call) return false;
      if (fault.nth > 1) {
        --fault.nth;
        return false;
      }
      error_number = fault.error_number;
      return !fault.lasting;
    });
    if (error_number == 0) return ok();
    return fail(errno_error(error_number, "io", "injected fault at " + path.string()));
  }

  Binding find(const Path& path) const {
    const auto found = names.find(path.lexically_normal());
    return found == names.end() ? nullptr : found->second.back();
  }
  void bind(const Path& path, Binding inode) {
    History& history = names[path.lexically_normal()];
    if (history.empty()) history.push_back(nullptr);
    history.push_back(std::move(inode));
  }

  // Takes the space a file grows by; nothing is ever given back.
  bool take_space(std::uint64_t bytes) {
    if (bytes > free_space) return false;
    free_space -= bytes;
    return true;
  }

  mutable std::mutex mutex;
  std::mt19937_64 random;
  std::map<Path, History> names;
  std::set<Path> directories;
  std::set<Path> locks;
  std::uint64_t free_space = std::uint64_t{1} << 50;
  bool cached = true;
  std::uint64_t power_cycles = 0;
  std::vector<Fault> faults;
  std::optional<std::uint64_t> power_left;
  std::array<std::uint64_t, kCallKinds> calls{};
  std::uint64_t changing_calls = 0;
};

namespace {

class FakeFile final : public File {
 public:
  FakeFile(std::shared_ptr<FakeDisk> disk, Binding inode, Path path)
      : disk_(std::move(disk)),
        inode_(std::move(inode)),
        path_(std::move(path)),
        power_cycle_(disk_->power_cycles) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override {
    const std::lock_guard lock(disk_->mutex);
    FARM_TRY(enter(Call::kRead));
    return inode_->read(offset, out);
  }

  std::optional<Result<std::size_t>> try_read_at(std::uint64_t offset,
                                                 MutableByteView out) override {
    const std::lock_guard lock(disk_->mutex);
    if (!disk_->cached || offset + out.size() > inode_->size()) return {};
    if (auto entered = enter(Call::kRead); !entered) {
      return Result<std::size_t>(fail(std::move(entered).error()));
    }
    return Result<std::size_t>(inode_->read(offset, out));
  }

  Result<void> write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
    const std::lock_guard lock(disk_->mutex);
    Bytes bytes;
    for (const ByteView part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
    auto entered = enter(Call::kWrite);
    if (!entered && alive()) {  // a failed write may have got anywhere
      bytes.resize(disk_->random() % (bytes.size() + 1));
      if (offset <= inode_->size()) inode_->write(offset, bytes);
    }
    FARM_TRY(std::move(entered));
    FARM_TRY(grow_to(offset + bytes.size()));
    inode_->write(offset, bytes);
    return ok();
  }

  Result<void> sync_data() override {
    const std::lock_guard lock(disk_->mutex);
    auto entered = enter(Call::kSync);
    if (entered) {
      inode_->sync();
    } else if (alive()) {
      inode_->fail_sync(disk_->random);
    }
    return entered;
  }

  Result<void> allocate(std::uint64_t offset, std::uint64_t length) override {
    const std::lock_guard lock(disk_->mutex);
    FARM_TRY(enter(Call::kAllocate));
    FARM_TRY(grow_to(offset + length));
    inode_->resize(std::max(inode_->size(), offset + length));
    return ok();
  }

  Result<void> truncate(std::uint64_t size) override {
    const std::lock_guard lock(disk_->mutex);
    FARM_TRY(enter(Call::kTruncate));
    inode_->resize(size);
    return ok();
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock(disk_->mutex);
    return inode_->size();
  }

  void drop_cache(std::uint64_t, std::uint64_t) override {
    const std::lock_guard lock(disk_->mutex);
    inode_->drop_cache();
  }

 private:
  bool alive() const { return power_cycle_ == disk_->power_cycles; }

  Result<void> enter(Call call) {
    if (!alive()) return fail(ErrorCode::kIo, "io", path_.string() + " was open before the crash");
    return disk_->strike(call, path_);
  }

  Result<void> grow_to(std::uint64_t size) {
    if (size <= inode_->size() || disk_->take_space(size - inode_->size())) return ok();
    return fail(errno_error(ENOSPC, "io", "cannot grow " + path_.string()));
  }

  std::shared_ptr<FakeDisk> disk_;
  Binding inode_;
  Path path_;
  std::uint64_t power_cycle_;
};

class FakeLock final : public FileLock {
 public:
  FakeLock(std::shared_ptr<FakeDisk> disk, Path path)
      : disk_(std::move(disk)), path_(std::move(path)), power_cycle_(disk_->power_cycles) {}
  ~FakeLock() override {
    const std::lock_guard lock(disk_->mutex);
    if (power_cycle_ == disk_->power_cycles) disk_->locks.erase(path_);
  }

 private:
  std::shared_ptr<FakeDisk> disk_;
  Path path_;
  std::uint64_t power_cycle_;
};

auto missing(const Path& path) {
  return fail(errno_error(ENOENT, "io", "cannot open " + path.string()));
}

}  // namespace

FakeFileSystem::FakeFileSystem(std::uint64_t seed) : disk_(std::make_shared<FakeDisk>(seed)) {}
FakeFileSystem::~FakeFileSystem() = default;

Result<std::unique_ptr<File>> FakeFileSystem::open(const Path& path, OpenMode mode) {
  const std::lock_guard lock(disk_->mutex);
  FARM_TRY(disk_->strike(Call::kOpen, path));
  Binding inode = disk_->find(path);
  if (mode == OpenMode::kCreateNew) {
    if (inode) return fail(errno_error(EEXIST, "io", "cannot open " + path.string()));
    if (!disk_->directories.contains(path.parent_path().lexically_normal())) return missing(path);
    inode = std::make_shared<FakeInode>();
    disk_->bind(path, inode);
  }
  if (!inode) return missing(path);
  return std::make_unique<FakeFile>(disk_, std::move(inode), path);
}

Result<void> FakeFileSystem::rename(const Path& from, const Path& to) {
  const std::lock_guard lock(disk_->mutex);
  FARM_TRY(disk_->strike(Call::kRename, from));
  Binding inode = disk_->find(from);
  if (!inode) return missing(from);
  disk_->bind(from, nullptr);
  disk_->bind(to, std::move(inode));
  return ok();
}

Result<void> FakeFileSystem::remove(const Path& path) {
  const std::lock_guard lock(disk_->mutex);
  FARM_TRY(disk_->strike(Call::kRemove, path));
  if (!disk_->find(path)) return missing(path);
  disk_->bind(path, nullptr);
  return ok();
}

Result<bool> FakeFileSystem::exists(const Path& path) {
  const std::lock_guard lock(disk_->mutex);
  return disk_->find(path) != nullptr;
}

Result<std::vector<std::string>> FakeFileSystem::list(const Path& directory) {
  const std::lock_guard lock(disk_->mutex);
  const Path wanted = directory.lexically_normal();
  if (!disk_->directories.contains(wanted)) return missing(directory);
  std::vector<std::string> found;
  for (const auto& [path, history] : disk_->names) {
    if (history.back() && path.parent_path() == wanted) found.push_back(path.filename().string());
  }
  return found;
}

Result<void> FakeFileSystem::make_directories(const Path& directory) {
  const std::lock_guard lock(disk_->mutex);
  for (Path path = directory.lexically_normal(); !path.empty(); path = path.parent_path()) {
    if (!disk_->directories.insert(path).second || path == path.parent_path()) break;
  }
  return ok();
}

Result<void> FakeFileSystem::sync_directory(const Path& directory) {
  const std::lock_guard lock(disk_->mutex);
  FARM_TRY(disk_->strike(Call::kSyncDirectory, directory));
  for (auto& [path, history] : disk_->names) {
    if (path.parent_path() == directory.lexically_normal()) history = {history.back()};
  }
  return ok();
}

Result<std::unique_ptr<FileLock>> FakeFileSystem::lock(const Path& path) {
  const std::lock_guard lock(disk_->mutex);
  if (!disk_->locks.insert(path.lexically_normal()).second) {
    return fail(ErrorCode::kBusy, "io", path.string() + " is locked by process 1");
  }
  return std::make_unique<FakeLock>(disk_, path.lexically_normal());
}

Result<std::uint64_t> FakeFileSystem::free_space(const Path&) {
  const std::lock_guard lock(disk_->mutex);
  return disk_->free_space;
}

void FakeFileSystem::inject(const Fault& fault) {
  const std::lock_guard lock(disk_->mutex);
  disk_->faults.push_back(fault);
}

void FakeFileSystem::cut_power_after(std::uint64_t n) {
  const std::lock_guard lock(disk_->mutex);
  disk_->power_left = n;
}

void FakeFileSystem::clear_faults() {
  const std::lock_guard lock(disk_->mutex);
  disk_->faults.clear();
  disk_->power_left.reset();
}

void FakeFileSystem::set_free_space(std::uint64_t bytes) {
  const std::lock_guard lock(disk_->mutex);
  disk_->free_space = bytes;
}

void FakeFileSystem::set_cached(bool cached) {
  const std::lock_guard lock(disk_->mutex);
  disk_->cached = cached;
}

void FakeFileSystem::crash(std::uint64_t seed) {
  const std::lock_guard lock(disk_->mutex);
  std::mt19937_64 random(seed);
  std::set<Binding> inodes;
  for (auto& [path, history] : disk_->names) {
    for (const Binding& inode : history) {
      if (inode) inodes.insert(inode);
    }
    history = {history[random() % history.size()]};
  }
  // In the order of names, not of addresses, so that a seed means the same every time.
  for (auto& [path, history] : disk_->names) {
    if (history.back() && inodes.erase(history.back()) != 0) history.back()->crash(random);
  }
  std::erase_if(disk_->names, [](const auto& name) { return !name.second.back(); });
  disk_->locks.clear();
  disk_->faults.clear();
  disk_->power_left.reset();
  ++disk_->power_cycles;
}

std::uint64_t FakeFileSystem::calls(Call call) const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->calls[static_cast<std::size_t>(call)];
}

std::uint64_t FakeFileSystem::changing_calls() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->changing_calls;
}

Bytes FakeFileSystem::contents(const Path& path) const {
  const std::lock_guard lock(disk_->mutex);
  const Binding inode = disk_->find(path);
  if (!inode) return {};
  Bytes bytes(inode->size());
  inode->read(0, bytes);
  return bytes;
}

void FakeFileSystem::set_contents(const Path& path, ByteView bytes) {
  const std::lock_guard lock(disk_->mutex);
  auto inode = std::make_shared<FakeInode>();
  inode->write(0, bytes);
  inode->sync();
  disk_->names[path.lexically_normal()] = {std::move(inode)};
}

void FakeFileSystem::flip_bit(const Path& path, std::uint64_t offset, unsigned bit) {
  const std::lock_guard lock(disk_->mutex);
  if (const Binding inode = disk_->find(path)) inode->flip_bit(offset, bit);
}

}  // namespace farm::io
