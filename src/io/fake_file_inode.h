// One file of a FakeFileSystem: what the disk has, what a read shows, and the changes in between.
// Not thread-safe; the file system's mutex guards it.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "base/bytes.h"

namespace farm::io {

class FakeInode {
 public:
  std::uint64_t size() const { return shown_.size(); }
  std::size_t read(std::uint64_t offset, MutableByteView out) const;

  void write(std::uint64_t offset, ByteView bytes);
  void resize(std::uint64_t size);
  void sync();
  // Some of the changes reach the disk, none of them is tried again.
  void fail_sync(std::mt19937_64& random);
  // Reads show what the disk has, under the changes that have not been tried yet.
  void drop_cache();
  // Every sector of 512 or 4096 bytes ends up as it was after some number of its changes, whatever
  // the others do; the size as it was at any time since the last sync.
  void crash(std::mt19937_64& random);
  void flip_bit(std::uint64_t offset, unsigned bit);

 private:
  struct Change {
    std::uint64_t offset = 0;
    Bytes bytes;
    std::uint64_t size = 0;  // of the file afterwards
  };

  void apply_some(std::mt19937_64& random);

  Bytes durable_;
  Bytes shown_;
  std::vector<Change> changes_;
};

}  // namespace farm::io
