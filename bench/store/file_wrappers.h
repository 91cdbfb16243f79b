// File systems over another one, for what a benchmark wants to know or to do without.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "io/file.h"

namespace farm::bench {

// Passes everything on. Files are wrapped by wrap(), by default not at all. Thread-safe as `under`.
class PassingFiles : public io::FileSystem {
 public:
  explicit PassingFiles(io::FileSystem& under) : under_(under) {}

  Result<std::unique_ptr<io::File>> open(const Path& path, io::OpenMode mode) override;
  Result<void> rename(const Path& from, const Path& to) override { return under_.rename(from, to); }
  Result<void> remove(const Path& path) override { return under_.remove(path); }
  Result<bool> exists(const Path& path) override { return under_.exists(path); }
  Result<std::vector<std::string>> list(const Path& directory) override {
    return under_.list(directory);
  }
  Result<void> make_directories(const Path& directory) override {
    return under_.make_directories(directory);
  }
  Result<void> sync_directory(const Path& directory) override {
    return under_.sync_directory(directory);
  }
  Result<std::unique_ptr<io::FileLock>> lock(const Path& path) override {
    return under_.lock(path);
  }
  Result<std::uint64_t> free_space(const Path& directory) override {
    return under_.free_space(directory);
  }

 protected:
  virtual std::unique_ptr<io::File> wrap(const Path&, std::unique_ptr<io::File> file) {
    return file;
  }

 private:
  io::FileSystem& under_;
};

// Syncs nothing: for making much data quickly that nobody will miss.
class UnsyncedFiles final : public PassingFiles {
 public:
  using PassingFiles::PassingFiles;

 protected:
  std::unique_ptr<io::File> wrap(const Path& path, std::unique_ptr<io::File> file) override;
};

struct SeenRead {
  std::string path;
  std::uint64_t offset = 0;
  std::size_t bytes = 0;
  bool waiting = false;  // by read_at(), which may wait for the disk
};

// Writes down every read. Thread-safe; outlives its files.
class WatchedFiles final : public PassingFiles {
 public:
  using PassingFiles::PassingFiles;
  std::vector<SeenRead> take();  // what was read since the last call
  void note(SeenRead read);

 protected:
  std::unique_ptr<io::File> wrap(const Path& path, std::unique_ptr<io::File> file) override;

 private:
  std::mutex mutex_;
  std::vector<SeenRead> reads_;
};

}  // namespace farm::bench
