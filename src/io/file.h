// Files behind a seam, so that tests can take the power away (fake_file.h). Only what an
// append-only store needs: positional reads and writes, durability made explicit, a lock on a
// directory.
//
// A FileSystem outlives the files and locks it gave. All calls are thread-safe (files have no
// position) and block on the disk, except try_read_at. Errors carry the path and the system's text:
// kNotFound, kConflict (exists already), kNoSpace, kForbidden, kBusy (locked), else kIo.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace farm::io {

class File {
 public:
  virtual ~File() = default;

  // Fills `out`; less only where the file ends.
  virtual Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) = 0;

  // Fills all of `out` from the page cache in one system call, or nothing: then some of it is not
  // in memory, lies behind the file's end, or the file system cannot tell. Never waits for a disk.
  virtual std::optional<Result<std::size_t>> try_read_at(std::uint64_t offset,
                                                         MutableByteView out) = 0;

  // Writes the concatenation of `parts`, growing the file if need be. After an error any of it may
  // have been written.
  virtual Result<void> write_at(std::uint64_t offset, std::span<const ByteView> parts) = 0;

  // When it returns, all that was written before the call survives power loss, and the size with
  // it. After an error nobody knows what is on the disk, and asking again tells nothing.
  virtual Result<void> sync_data() = 0;

  // Asks the system to write the range out soon, without waiting and without any promise: so that a
  // later sync_data() has little left to do, and does not hold up everybody else.
  virtual void begin_write_back(std::uint64_t /*offset*/, std::uint64_t /*length*/) {}

  // Begins to bring that range from disk into the page cache, and does not wait for it. Advice.
  virtual void begin_read_ahead(std::uint64_t /*offset*/, std::uint64_t /*length*/) {}

  // Makes sure the range is backed by disk space, where the file system can; what is new reads as
  // zeros, and the file is at least that long afterwards.
  virtual Result<void> allocate(std::uint64_t offset, std::uint64_t length) = 0;

  virtual Result<void> truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;

  // Forgets the cached pages that are not dirty, so that the next read shows what the disk holds.
  virtual void drop_cache(std::uint64_t offset, std::uint64_t length) = 0;
};

// Held as long as it lives.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode {
  kRead,
  kReadWrite,
  kCreateNew,  // for reading and writing; kConflict if it exists
};

class FileSystem {
 public:
  using Path = std::filesystem::path;
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode) = 0;
  // Replaces `to` in one step. Durable after sync_directory(), as is remove() and a new file.
  virtual Result<void> rename(const Path& from, const Path& to) = 0;
  virtual Result<void> remove(const Path& path) = 0;
  virtual Result<bool> exists(const Path& path) = 0;
  // The names of the plain files in it, sorted.
  virtual Result<std::vector<std::string>> list(const Path& directory) = 0;
  // With its parents, durably; fine if it is there.
  virtual Result<void> make_directories(const Path& directory) = 0;
  virtual Result<void> sync_directory(const Path& directory) = 0;
  // An exclusive lock on the file, made if missing, that ends with the process; our process id is
  // written into it. kBusy, naming the holder's process id, if somebody has it.
  virtual Result<std::unique_ptr<FileLock>> lock(const Path& path) = 0;
  // Bytes that this user may still fill.
  virtual Result<std::uint64_t> free_space(const Path& directory) = 0;
};

// The real thing. Lives as long as the program.
FileSystem& posix_file_system();

}  // namespace farm::io
