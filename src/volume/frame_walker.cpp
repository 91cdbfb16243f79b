#include "volume/frame_walker.h"

#include <algorithm>

namespace farm::volume {
namespace {

// From header to header a page is enough, and reads little of what lies between; a search reads
// everything.
constexpr std::size_t kHopBytes = 4096;
constexpr std::size_t kSmallFramesBytes = 64 << 10;  // where one page holds several
constexpr std::size_t kSearchBytes = 256 << 10;
// Where every byte is read, the disk works on what comes next while the CPU goes through this.
constexpr std::uint64_t kReadAheadBytes = 8 << 20;
constexpr std::size_t kPageBytes = 4096;
constexpr std::uint64_t kMaxUnreadableBytes = 4
                                              << 20;  // each page may cost seconds on a dying disk

}  // namespace

FrameWalker::FrameWalker(io::File& file, std::uint64_t nonce, std::uint64_t begin,
                         std::uint64_t end)
    : file_(file), nonce_(nonce), position_(begin), end_(end), hop_bytes_(kHopBytes) {}

Result<std::optional<FrameWalker::Step>> FrameWalker::next() {
  FARM_TRY(const auto header, header_at(position_, hop_bytes_));
  if (header) {
    hop_bytes_ = frame_bytes(header->payload_bytes) < kHopBytes ? kSmallFramesBytes : kHopBytes;
    const Step step{position_, position_ + frame_bytes(header->payload_bytes), header};
    position_ = step.end;
    return step;
  }
  FARM_TRY(const auto found, search(position_ + kFrameAlignment));
  if (!found) return std::optional<Step>{};
  const Step hole{position_, *found, {}};
  position_ = hole.end;
  return hole;
}

Result<std::optional<std::uint64_t>> FrameWalker::search(std::uint64_t from) {
  for (std::uint64_t offset = from; offset + kFrameHeaderBytes <= end_; offset += kFrameAlignment) {
    FARM_TRY(const auto header, header_at(offset, kSearchBytes));
    if (header) return offset;
  }
  return std::optional<std::uint64_t>{};
}

// A good header at `offset` of a frame that ends inside.
Result<std::optional<FrameHeader>> FrameWalker::header_at(std::uint64_t offset,
                                                          std::size_t window_bytes) {
  if (offset + kFrameHeaderBytes > end_) return std::optional<FrameHeader>{};
  if (offset < window_offset_ || offset + kFrameHeaderBytes > window_offset_ + window_bytes_) {
    FARM_TRY(load(offset, window_bytes));
  }
  const ByteView raw = ByteView(window_).subspan(offset - window_offset_, kFrameHeaderBytes);
  auto header = decode_frame_header(raw, nonce_, offset);
  if (header && header->payload_bytes > end_ - offset - kFrameHeaderBytes) header.reset();
  return header;
}

Result<void> FrameWalker::load(std::uint64_t offset, std::size_t bytes) {
  window_offset_ = offset;
  window_bytes_ = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, end_ - offset));
  if (window_.size() < window_bytes_) window_.resize(window_bytes_);
  if (bytes > kHopBytes) read_ahead_of(offset + window_bytes_);
  const MutableByteView window = MutableByteView(window_).first(window_bytes_);
  const auto read = file_.read_at(offset, window);
  if (!read) return load_page_by_page(offset);
  std::ranges::fill(window.subspan(read.value()), std::byte{0});  // the file got shorter
  return ok();
}

// So much, from `offset` on, is under way or there, once half of that is used up.
void FrameWalker::read_ahead_of(std::uint64_t offset) {
  if (offset + kReadAheadBytes / 2 <= ahead_ || ahead_ >= end_) return;
  const std::uint64_t begin = std::max(offset, ahead_);
  ahead_ = std::min(offset + kReadAheadBytes, end_);
  if (begin < ahead_) file_.begin_read_ahead(begin, ahead_ - begin);
}

Result<void> FrameWalker::load_page_by_page(std::uint64_t offset) {
  for (std::size_t done = 0; done < window_bytes_; done += kPageBytes) {
    const MutableByteView page =
        MutableByteView(window_).subspan(done, std::min(kPageBytes, window_bytes_ - done));
    std::ranges::fill(page, std::byte{0});
    auto read = file_.read_at(offset + done, page);
    if (read) continue;
    unreadable_bytes_ += page.size();
    if (unreadable_bytes_ > kMaxUnreadableBytes) return fail(std::move(read).error());
  }
  return ok();
}

}  // namespace farm::volume
