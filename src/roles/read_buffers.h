// Buffers for what is read from the store on a network thread, used again and again. Each network
// thread has its own pool; never share one between threads.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace farm::roles {

class ReadBuffers {
 public:
  static constexpr std::size_t kBytes = 256 << 10;

  // A buffer that goes back to its pool. The pool outlives it.
  class Lease {
   public:
    Lease(ReadBuffers& pool, std::unique_ptr<std::byte[]> memory)
        : pool_(&pool), memory_(std::move(memory)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (memory_ && pool_->free_.size() < kKept) pool_->free_.push_back(std::move(memory_));
    }
    MutableByteView view() { return {memory_.get(), kBytes}; }

   private:
    ReadBuffers* pool_;
    std::unique_ptr<std::byte[]> memory_;
  };

  ReadBuffers() { free_.reserve(kKept); }

  Lease take() {
    if (free_.empty()) return {*this, std::make_unique_for_overwrite<std::byte[]>(kBytes)};
    std::unique_ptr<std::byte[]> memory = std::move(free_.back());
    free_.pop_back();
    return {*this, std::move(memory)};
  }

 private:
  static constexpr std::size_t kKept = 64;  // free ones
  std::vector<std::unique_ptr<std::byte[]>> free_;
};

}  // namespace farm::roles
