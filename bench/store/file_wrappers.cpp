#include "file_wrappers.h"

#include <utility>

namespace farm::bench {
namespace {

class PassingFile : public io::File {
 public:
  explicit PassingFile(std::unique_ptr<io::File> under) : under_(std::move(under)) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override {
    return under_->read_at(offset, out);
  }
  std::optional<Result<std::size_t>> try_read_at(std::uint64_t offset,
                                                 MutableByteView out) override {
    return under_->try_read_at(offset, out);
  }
  Result<void> write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
    return under_->write_at(offset, parts);
  }
  Result<void> sync_data() override { return under_->sync_data(); }
  Result<void> allocate(std::uint64_t offset, std::uint64_t length) override {
    return under_->allocate(offset, length);
  }
  Result<void> truncate(std::uint64_t size) override { return under_->truncate(size); }
  Result<std::uint64_t> size() override { return under_->size(); }
  void drop_cache(std::uint64_t offset, std::uint64_t length) override {
    under_->drop_cache(offset, length);
  }

 private:
  std::unique_ptr<io::File> under_;
};

class UnsyncedFile final : public PassingFile {
 public:
  using PassingFile::PassingFile;
  Result<void> sync_data() override { return ok(); }
};

class WatchedFile final : public PassingFile {
 public:
  WatchedFile(std::unique_ptr<io::File> under, WatchedFiles& watch, std::string path)
      : PassingFile(std::move(under)), watch_(watch), path_(std::move(path)) {}
  Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override {
    watch_.note({path_, offset, out.size(), true});
    return PassingFile::read_at(offset, out);
  }
  std::optional<Result<std::size_t>> try_read_at(std::uint64_t offset,
                                                 MutableByteView out) override {
    watch_.note({path_, offset, out.size(), false});
    return PassingFile::try_read_at(offset, out);
  }

 private:
  WatchedFiles& watch_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<io::File>> PassingFiles::open(const Path& path, io::OpenMode mode) {
  FARM_TRY(auto file, under_.open(path, mode));
  return wrap(path, std::move(file));
}

std::unique_ptr<io::File> UnsyncedFiles::wrap(const Path&, std::unique_ptr<io::File> file) {
  return std::make_unique<UnsyncedFile>(std::move(file));
}

std::unique_ptr<io::File> WatchedFiles::wrap(const Path& path, std::unique_ptr<io::File> file) {
  return std::make_unique<WatchedFile>(std::move(file), *this, path.string());
}

void WatchedFiles::note(SeenRead read) {
  const std::lock_guard lock(mutex_);
  reads_.push_back(std::move(read));
}

std::vector<SeenRead> WatchedFiles::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(reads_, {});
}

}  // namespace farm::bench
