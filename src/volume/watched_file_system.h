// For tests: another file system, with a call before each read of a file, so that a test can look
// around, or change things, in the middle of what it tests.
#pragma once

#include <functional>

#include "io/file.h"

namespace farm::volume {

class WatchedFileSystem final : public io::FileSystem {
 public:
  using OnRead = std::function<void(const Path&, std::uint64_t offset)>;

  explicit WatchedFileSystem(io::FileSystem& files) : files_(files) {}
  void on_read(OnRead call) { on_read_ = std::move(call); }

  Result<std::unique_ptr<io::File>> open(const Path& path, io::OpenMode mode) override {
    FARM_TRY(auto file, files_.open(path, mode));
    return std::make_unique<WatchedFile>(std::move(file), path, on_read_);
  }
  Result<void> rename(const Path& from, const Path& to) override { return files_.rename(from, to); }
  Result<void> remove(const Path& path) override { return files_.remove(path); }
  Result<bool> exists(const Path& path) override { return files_.exists(path); }
  Result<std::vector<std::string>> list(const Path& directory) override {
    return files_.list(directory);
  }
  Result<void> make_directories(const Path& directory) override {
    return files_.make_directories(directory);
  }
  Result<void> sync_directory(const Path& directory) override {
    return files_.sync_directory(directory);
  }
  Result<std::unique_ptr<io::FileLock>> lock(const Path& path) override {
    return files_.lock(path);
  }
  Result<std::uint64_t> free_space(const Path& directory) override {
    return files_.free_space(directory);
  }

 private:
  class WatchedFile final : public io::File {
   public:
    WatchedFile(std::unique_ptr<io::File> file, Path path, const OnRead& on_read)
        : file_(std::move(file)), path_(std::move(path)), on_read_(on_read) {}
    Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override {
      if (on_read_) on_read_(path_, offset);
      return file_->read_at(offset, out);
    }
    std::optional<Result<std::size_t>> try_read_at(std::uint64_t offset,
                                                   MutableByteView out) override {
      return file_->try_read_at(offset, out);
    }
    Result<void> write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
      return file_->write_at(offset, parts);
    }
    Result<void> sync_data() override { return file_->sync_data(); }
    Result<void> allocate(std::uint64_t offset, std::uint64_t length) override {
      return file_->allocate(offset, length);
    }
    Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
    Result<std::uint64_t> size() override { return file_->size(); }
    void drop_cache(std::uint64_t offset, std::uint64_t length) override {
      file_->drop_cache(offset, length);
    }

   private:
    std::unique_ptr<io::File> file_;
    Path path_;
    const OnRead& on_read_;
  };

  io::FileSystem& files_;
  OnRead on_read_;
};

}  // namespace farm::volume
