#include "sandbox/area.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace farm::sandbox {
namespace {

constexpr std::uint64_t kPageBytes = 4096;

std::uint64_t whole_pages(std::uint64_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

}  // namespace

Result<Area> Area::map(Fd fd, std::uint64_t request_max_bytes, std::uint64_t answer_max_bytes) {
  Area area;
  area.request_max_bytes_ = request_max_bytes;
  area.answer_at_ = whole_pages(request_max_bytes);
  area.answer_max_bytes_ = whole_pages(answer_max_bytes);
  void* base = ::mmap(nullptr, area.mapped_bytes(), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_NORESERVE, fd.get(), 0);
  if (base == MAP_FAILED) return fail(errno_error(errno, "sandbox", "cannot map shared memory"));
  area.base_ = static_cast<std::byte*>(base);
  area.fd_ = std::move(fd);
  return area;
}

Result<Area> Area::create(std::uint64_t request_max_bytes, std::uint64_t answer_max_bytes) {
  Fd fd(::memfd_create("photofarm-sandbox", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return fail(errno_error(errno, "sandbox", "cannot make shared memory"));
  const std::uint64_t bytes = whole_pages(request_max_bytes) + whole_pages(answer_max_bytes);
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return fail(errno_error(errno, "sandbox", "cannot size shared memory"));
  }
  return map(std::move(fd), request_max_bytes, answer_max_bytes);
}

Result<Area> Area::attach(int fd, std::uint64_t request_max_bytes, std::uint64_t answer_max_bytes) {
  return map(Fd(fd), request_max_bytes, answer_max_bytes);
}

Area::Area(Area&& other) noexcept { *this = std::move(other); }

Area& Area::operator=(Area&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(base_, other.base_);
  std::swap(request_max_bytes_, other.request_max_bytes_);
  std::swap(answer_at_, other.answer_at_);
  std::swap(answer_max_bytes_, other.answer_max_bytes_);
  return *this;
}

Area::~Area() {
  if (base_ != nullptr) ::munmap(base_, mapped_bytes());
}

std::uint64_t Area::resident_bytes() const {
  struct stat status {};
  constexpr std::uint64_t kBlockBytes = 512;  // the unit of st_blocks
  if (::fstat(fd_.get(), &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.st_blocks) * kBlockBytes;
}

void Area::drop() {
  (void)::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                    static_cast<off_t>(mapped_bytes()));
}

}  // namespace farm::sandbox
