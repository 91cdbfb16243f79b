#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "io/file.h"

namespace farm::io {
namespace {

using Path = FileSystem::Path;

constexpr std::uint64_t kPageBytes = 4096;

Error failed(std::string_view what, const Path& path) {
  const int error_number = errno;  // before anything below can change it
  return errno_error(error_number, "io", std::string(what) + ' ' + path.string());
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool good() const { return fd_ >= 0; }

 private:
  int fd_;
};

// The next run of iovecs for what is left of `parts`; consumes nothing.
class Gather {
 public:
  explicit Gather(std::span<const ByteView> parts) : parts_(parts) { skip(0); }
  bool done() const { return parts_.empty(); }

  std::span<const iovec> next() {
    std::size_t count = 0;
    std::size_t skipped = skip_;
    for (const ByteView part : parts_.first(std::min(parts_.size(), vectors_.size()))) {
      const ByteView rest = part.subspan(skipped);
      vectors_[count++] = {const_cast<std::byte*>(rest.data()), rest.size()};
      skipped = 0;
    }
    return std::span(vectors_).first(count);
  }

  void skip(std::size_t written) {
    skip_ += written;
    while (!parts_.empty() && skip_ >= parts_.front().size()) {
      skip_ -= parts_.front().size();
      parts_ = parts_.subspan(1);
    }
  }

 private:
  std::span<const ByteView> parts_;
  std::size_t skip_ = 0;  // bytes of the first part that are written
  std::array<iovec, 32> vectors_{};
};

class PosixFile final : public File {
 public:
  PosixFile(int fd, Path path) : fd_(fd), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = ::pread(fd_.get(), out.data() + done, out.size() - done,
                                static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(failed("cannot read", path_));
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  std::optional<Result<std::size_t>> try_read_at(std::uint64_t offset,
                                                 MutableByteView out) override {
    const iovec vector{out.data(), out.size()};
    ssize_t n = 0;
    do {
      n = ::preadv2(fd_.get(), &vector, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    } while (n < 0 && errno == EINTR);
    if (n == static_cast<ssize_t>(out.size())) return Result<std::size_t>(out.size());
    if (n >= 0 || errno == EAGAIN || errno == EOPNOTSUPP) return {};
    return Result<std::size_t>(fail(failed("cannot read", path_)));
  }

  Result<void> write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
    for (Gather gather(parts); !gather.done();) {
      const auto vectors = gather.next();
      const ssize_t n = ::pwritev(fd_.get(), vectors.data(), static_cast<int>(vectors.size()),
                                  static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n == 0) errno = EIO;  // a disk that takes nothing and says nothing would loop for ever
      if (n <= 0) return fail(failed("cannot write", path_));
      offset += static_cast<std::uint64_t>(n);
      gather.skip(static_cast<std::size_t>(n));
    }
    return ok();
  }

  Result<void> sync_data() override {
    if (::fdatasync(fd_.get()) != 0) return fail(failed("cannot sync", path_));
    return ok();
  }

  void begin_write_back(std::uint64_t offset, std::uint64_t length) override {
    (void)::sync_file_range(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(length),
                            SYNC_FILE_RANGE_WRITE);
  }

  void begin_read_ahead(std::uint64_t offset, std::uint64_t length) override {
    (void)::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(length),
                          POSIX_FADV_WILLNEED);
  }

  Result<void> allocate(std::uint64_t offset, std::uint64_t length) override {
    int result = 0;
    do {
      result = ::fallocate(fd_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length));
    } while (result != 0 && errno == EINTR);
    if (result == 0) return ok();
    if (errno != EOPNOTSUPP) return fail(failed("cannot allocate space for", path_));
    FARM_TRY(const std::uint64_t now, size());  // a file system without it: length is all we get
    return now >= offset + length ? Result<void>(ok()) : truncate(offset + length);
  }

  Result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
      return fail(failed("cannot set the length of", path_));
    }
    return ok();
  }

  Result<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return fail(failed("cannot stat", path_));
    return static_cast<std::uint64_t>(status.st_size);
  }

  void drop_cache(std::uint64_t offset, std::uint64_t length) override {
    // Whole pages, as the kernel keeps those that are named in part only. It is advice: where it is
    // not taken, the read that follows shows the cache, as any would.
    const std::uint64_t begin = offset / kPageBytes * kPageBytes;
    const std::uint64_t end = (offset + length + kPageBytes - 1) / kPageBytes * kPageBytes;
    (void)::posix_fadvise(fd_.get(), static_cast<off_t>(begin), static_cast<off_t>(end - begin),
                          POSIX_FADV_DONTNEED);
  }

 private:
  Descriptor fd_;
  Path path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int fd) : fd_(fd) {}
  int get() const { return fd_.get(); }

 private:
  Descriptor fd_;  // closing it ends the lock
};

std::string holder_of(int fd) {
  std::array<char, 20> text{};
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  long pid = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + std::max<ssize_t>(n, 0), pid);
  return parsed.ec == std::errc{} ? "process " + std::to_string(pid) : "another process";
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode) override {
    int flags = O_CLOEXEC | (mode == OpenMode::kRead ? O_RDONLY : O_RDWR);
    if (mode == OpenMode::kCreateNew) flags |= O_CREAT | O_EXCL;
    // When a file was last read is of no use, and telling it costs a little in each read. Only its
    // owner may do without.
    int fd = ::open(path.c_str(), flags | O_NOATIME, 0640);
    if (fd < 0 && errno == EPERM) fd = ::open(path.c_str(), flags, 0640);
    if (fd < 0) return fail(failed("cannot open", path));
    return std::make_unique<PosixFile>(fd, path);
  }

  Result<void> rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail(failed("cannot rename", from));
    return ok();
  }

  Result<void> remove(const Path& path) override {
    if (::unlink(path.c_str()) != 0) return fail(failed("cannot remove", path));
    return ok();
  }

  Result<bool> exists(const Path& path) override {
    if (::access(path.c_str(), F_OK) == 0) return true;
    if (errno == ENOENT) return false;
    return fail(failed("cannot look for", path));
  }

  Result<std::vector<std::string>> list(const Path& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
    if (!stream) return fail(failed("cannot list", directory));
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      struct stat status {};
      if (::fstatat(::dirfd(stream.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISREG(status.st_mode)) {
        names.emplace_back(entry->d_name);
      }
      errno = 0;
    }
    if (errno != 0) return fail(failed("cannot list", directory));
    std::ranges::sort(names);
    return names;
  }

  Result<void> make_directories(const Path& directory) override {
    if (::mkdir(directory.c_str(), 0750) != 0) {
      if (errno == EEXIST) return is_directory(directory);
      if (errno != ENOENT || parent_of(directory) == directory) {
        return fail(failed("cannot make", directory));
      }
      FARM_TRY(make_directories(parent_of(directory)));
      if (::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST) {
        return fail(failed("cannot make", directory));
      }
    }
    return sync_directory(parent_of(directory));
  }

  Result<void> sync_directory(const Path& directory) override {
    const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.good() || ::fsync(fd.get()) != 0) return fail(failed("cannot sync", directory));
    return ok();
  }

  Result<std::unique_ptr<FileLock>> lock(const Path& path) override {
    int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    // A disk that only reads can still be locked, where it was once before.
    const bool reads_only = fd < 0 && errno == EROFS;
    if (reads_only) fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(failed("cannot open", path));
    auto lock = std::make_unique<PosixLock>(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return fail(failed("cannot lock", path));
      return fail(ErrorCode::kBusy, "io", path.string() + " is locked by " + holder_of(fd));
    }
    if (reads_only) return lock;
    const std::string pid = std::to_string(::getpid()) + '\n';
    if (::ftruncate(fd, 0) != 0 ||
        ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
      return fail(failed("cannot write", path));
    }
    return lock;
  }

  Result<std::uint64_t> free_space(const Path& directory) override {
    struct statvfs status {};
    if (::statvfs(directory.c_str(), &status) != 0) {
      return fail(failed("cannot ask for the free space of", directory));
    }
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  }

 private:
  static Path parent_of(const Path& directory) {
    const Path clean = directory.has_filename() ? directory : directory.parent_path();
    return clean.has_parent_path() ? clean.parent_path() : Path(".");
  }

  static Result<void> is_directory(const Path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return fail(failed("cannot stat", path));
    if (S_ISDIR(status.st_mode)) return ok();
    return fail(ErrorCode::kIo, "io", path.string() + " is not a directory");
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem file_system;
  return file_system;
}

}  // namespace farm::io
