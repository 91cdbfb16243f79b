// A request's whole body in one piece of memory that is never copied: memory is taken as bytes
// arrive, not when a client announces them. Not thread-safe.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/bytes.h"
#include "io/task.h"
#include "net/exchange.h"

namespace farm::net {

class BodyBuffer {
 public:
  BodyBuffer() = default;

  ByteView view() const { return {data_.get(), size_}; }
  std::size_t size() const { return size_; }

  // Room for at least `count` more bytes at the end; false if there is no memory.
  bool reserve(std::size_t count);
  MutableByteView space() { return {data_.get() + size_, capacity_ - size_}; }
  void grown(std::size_t count) { size_ += count; }

 private:
  struct Free {
    void operator()(std::byte* data) const { std::free(data); }
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Reads the exchange's body to its end. The endpoint's limit bounds it.
io::Task<Result<BodyBuffer>> read_whole_body(Exchange& exchange);

}  // namespace farm::net
