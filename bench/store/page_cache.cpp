#include "page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "must.h"

namespace farm::bench {

void read_through(const std::filesystem::path& path) {
  Bytes buffer(1 << 20);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) give_up("cannot open " + path.string());
  ssize_t n = 1;
  while (n > 0) n = ::read(fd, buffer.data(), buffer.size());
  if (n < 0) give_up("cannot read " + path.string());
  ::close(fd);
}

void drop_from_page_cache(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::fsync(fd) != 0 || ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) {
    give_up("cannot drop " + path.string() + " from the page cache");
  }
  ::close(fd);
}

KeptInCache::KeptInCache(const std::filesystem::path& path)
    : bytes_(std::filesystem::file_size(path)) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) give_up("cannot open " + path.string());
  memory_ = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (memory_ == MAP_FAILED) give_up("cannot map " + path.string());
  if (::mlock(memory_, bytes_) != 0) read_through(path);
}

KeptInCache::~KeptInCache() { ::munmap(memory_, bytes_); }

}  // namespace farm::bench
