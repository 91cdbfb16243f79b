// A file system in memory that can lose its power. It keeps, for every file and every name in a
// directory, what has been synced apart from what has only been written:
//
//   FakeFileSystem disk;
//   disk.inject({.call = Call::kSync, .nth = 3, .error_number = EIO});
//   ... let the code under test write ...
//   disk.crash(seed);   // any subset of the unsynced writes is lost, torn at 512 bytes or 4 KiB
//   ... open again, and look what is there ...
//
// After crash() files and locks opened before it are dead. A failed sync behaves as Linux does:
// what was to be written may be lost, reads go on showing it until the cache is dropped, and the
// next sync succeeds. Directories are durable at once. Thread-safe; deterministic for one thread.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "io/file.h"

namespace farm::io {

enum class Call {
  kOpen,
  kRead,
  kWrite,
  kSync,
  kAllocate,
  kTruncate,
  kRename,
  kRemove,
  kSyncDirectory,
};
inline constexpr std::size_t kCallKinds = 9;

struct Fault {
  Call call = Call::kWrite;
  std::uint64_t nth = 1;  // 1: the next such call
  int error_number = 5;   // EIO
  bool lasting = false;   // that call only, or it and all later ones
};

class FakeDisk;  // what the files share, fake_file.cpp

class FakeFileSystem final : public FileSystem {
 public:
  explicit FakeFileSystem(std::uint64_t seed = 1);
  ~FakeFileSystem() override;

  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode) override;
  Result<void> rename(const Path& from, const Path& to) override;
  Result<void> remove(const Path& path) override;
  Result<bool> exists(const Path& path) override;
  Result<std::vector<std::string>> list(const Path& directory) override;
  Result<void> make_directories(const Path& directory) override;
  Result<void> sync_directory(const Path& directory) override;
  Result<std::unique_ptr<FileLock>> lock(const Path& path) override;
  Result<std::uint64_t> free_space(const Path& directory) override;

  // Faults add up; those that have struck are forgotten.
  void inject(const Fault& fault);
  // The n-th call from now that changes anything, and all calls after it, fail with EIO.
  void cut_power_after(std::uint64_t n);
  void clear_faults();
  void set_free_space(std::uint64_t bytes);  // what allocate() and growing writes may still take
  void set_cached(bool cached);              // false: try_read_at would block

  // Power comes back: what was not synced is lost, in part or whole, as `seed` has it. Clears
  // faults.
  void crash(std::uint64_t seed);

  std::uint64_t calls(Call call) const;  // since the start, failed ones too
  std::uint64_t changing_calls() const;

  // What reads show now, and a way to set it durably, for tests of damage.
  Bytes contents(const Path& path) const;
  void set_contents(const Path& path, ByteView bytes);
  void flip_bit(const Path& path, std::uint64_t offset, unsigned bit);

 private:
  std::shared_ptr<FakeDisk> disk_;
};

}  // namespace farm::io
