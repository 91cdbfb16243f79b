// The memory that a parent shares with one worker: room for requests, then room for answers. It is
// sparse, and sealed so that nobody can make it smaller under the other's feet. Whatever is read of
// it may change while it is read: copy it once, then look at the copy. Not thread-safe.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace farm::sandbox {

class Area {
 public:
  // kIo if the system gives no memory file.
  static Result<Area> create(std::uint64_t request_max_bytes, std::uint64_t answer_max_bytes);
  // The worker's side: maps the descriptor it was started with.
  static Result<Area> attach(int fd, std::uint64_t request_max_bytes,
                             std::uint64_t answer_max_bytes);
  Area(Area&& other) noexcept;
  Area& operator=(Area&& other) noexcept;
  ~Area();

  int fd() const { return fd_.get(); }
  MutableByteView request() const { return {base_, request_max_bytes_}; }
  MutableByteView answer() const { return {base_ + answer_at_, answer_max_bytes_}; }

  // Bytes of memory behind it now.
  std::uint64_t resident_bytes() const;
  // Gives all of them back; it then reads as zeros.
  void drop();

 private:
  Area() = default;
  static Result<Area> map(Fd fd, std::uint64_t request_max_bytes, std::uint64_t answer_max_bytes);
  std::uint64_t mapped_bytes() const { return answer_at_ + answer_max_bytes_; }

  Fd fd_;
  std::byte* base_ = nullptr;
  std::uint64_t request_max_bytes_ = 0;
  std::uint64_t answer_at_ = 0;
  std::uint64_t answer_max_bytes_ = 0;
};

}  // namespace farm::sandbox
