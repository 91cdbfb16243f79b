// Goes through the frames of a volume from one offset to another, by their headers alone, and over
// whatever damage there is: where no good header stands, it looks for the next one at every
// multiple of 64 bytes. Pages that the disk cannot read count as damage too. Not thread-safe.
#pragma once

#include "io/file.h"
#include "volume/format.h"

namespace farm::volume {

class FrameWalker {
 public:
  struct Step {
    std::uint64_t offset = 0;
    std::uint64_t end = 0;             // where the next step begins
    std::optional<FrameHeader> frame;  // nothing: a hole, with a good frame behind it
  };

  // `file` must outlive this. `end` is the file's size, or less.
  FrameWalker(io::File& file, std::uint64_t nonce, std::uint64_t begin, std::uint64_t end);

  // Nothing at the end, or where no good frame follows: position() tells where that is. An error
  // only where so much cannot be read that going on makes no sense.
  Result<std::optional<Step>> next();

  std::uint64_t position() const { return position_; }
  std::uint64_t unreadable_bytes() const { return unreadable_bytes_; }

 private:
  Result<std::optional<FrameHeader>> header_at(std::uint64_t offset, std::size_t window_bytes);
  Result<std::optional<std::uint64_t>> search(std::uint64_t from);
  Result<void> load(std::uint64_t offset, std::size_t bytes);
  void read_ahead_of(std::uint64_t offset);
  Result<void> load_page_by_page(std::uint64_t offset);

  io::File& file_;
  std::uint64_t nonce_;
  std::uint64_t position_;
  std::uint64_t end_;
  std::uint64_t unreadable_bytes_ = 0;
  std::uint64_t ahead_ = 0;  // how far reading ahead was begun
  std::size_t hop_bytes_;
  Bytes window_;
  std::uint64_t window_offset_ = 0;
  std::size_t window_bytes_ = 0;
};

}  // namespace farm::volume
