#include "volume/rewrite.h"

#include <algorithm>
#include <array>

#include "base/checksum.h"
#include "volume/frame_walker.h"

namespace farm::volume {
namespace {

constexpr std::size_t kCopyBytes = 256 << 10;
// Written out little by little: while a disk takes much at once, everybody who reads waits.
constexpr std::uint64_t kWriteBackBytes = 128 << 10;

class Rewriter {
 public:
  Rewriter(Volume& old, Rewritten& out, const IsLive& is_live, Throttle& throttle)
      : old_(old), out_(out), is_live_(is_live), throttle_(throttle), buffer_(kCopyBytes) {}

  Result<void> run() {
    FARM_TRY(write_superblocks());
    FARM_TRY(copy_frames());
    FARM_TRY(write_footer());
    return out_.file->sync_data();
  }

 private:
  // To the volume's known end: what cannot be read is not taken for the end of it.
  Result<void> copy_frames() {
    const auto known = old_.known();
    if (!known) return left_as_it_is(0);
    FrameWalker walker(old_.file(), old_.superblock().nonce, kFirstFrame, known->end);
    while (walker.position() < known->end) {
      FARM_TRY(const auto step, walker.next());
      if (!step || !step->frame || walker.unreadable_bytes() > 0) {
        return left_as_it_is(walker.position());
      }
      FARM_TRY(take(step->offset, *step->frame));
    }
    return ok();
  }

  Result<void> left_as_it_is(std::uint64_t offset) const {
    return fail(ErrorCode::kCorrupt, "volume",
                old_.path().string() + " cannot be read at offset " + std::to_string(offset) +
                    " and is left as it is");
  }

  Result<void> write_superblocks() {
    const Bytes bytes = encode_superblocks(out_.superblock);
    const ByteView part = bytes;
    end_ = bytes.size();
    return out_.file->write_at(0, {&part, 1});
  }

  Result<void> take(std::uint64_t offset, const FrameHeader& header) {
    if (header.type != FrameType::kRecord && header.type != FrameType::kTombstone) return ok();
    const std::uint64_t payload = offset + kFrameHeaderBytes;
    if (!is_live_(header.id, payload)) return ok();
    FARM_TRY(copy(payload, header));
    out_.moved.push_back(
        {.id = header.id,
         .from = static_cast<std::uint32_t>(payload / kFrameAlignment),
         .to = static_cast<std::uint32_t>((end_ + kFrameHeaderBytes) / kFrameAlignment)});
    end_ += frame_bytes(header.payload_bytes);
    count_frame(out_.totals, header.type, header.sequence, header.payload_bytes);
    return go_gently(header.payload_bytes);
  }

  Result<void> copy(std::uint64_t payload, FrameHeader header) {
    // The footer tells that all of the file is on the disk, when it is.
    header.durable_end = kFirstFrame;
    const EncodedHeader encoded = encode_frame_header(header, out_.superblock.nonce, end_);
    const ByteView head = encoded;
    FARM_TRY(out_.file->write_at(end_, {&head, 1}));
    std::uint32_t checksum = 0;
    for (std::uint64_t done = 0; done < header.payload_bytes;) {
      const MutableByteView part = MutableByteView(buffer_).first(static_cast<std::size_t>(
          std::min<std::uint64_t>(header.payload_bytes - done, buffer_.size())));
      FARM_TRY(old_.read(payload + done, part));
      checksum = crc32c(part, checksum);
      const ByteView view = part;
      FARM_TRY(out_.file->write_at(end_ + kFrameHeaderBytes + done, {&view, 1}));
      done += part.size();
    }
    if (checksum != header.payload_checksum) out_.damaged.push_back(header.id);
    return ok();
  }

  Result<void> go_gently(std::uint64_t copied) {
    if (end_ - written_back_ >= kWriteBackBytes) {
      out_.file->begin_write_back(written_back_, end_ - written_back_);
      written_back_ = end_;
    }
    if (throttle_.pace(2 * copied)) return ok();  // read and written
    return fail(ErrorCode::kClosed, "volume", "it was stopped");
  }

  Result<void> write_footer() {
    const auto payload = encode_footer(out_.totals);
    FrameHeader header;
    header.type = FrameType::kFooter;
    header.sequence = out_.totals.last_sequence;
    header.payload_bytes = payload.size();
    header.payload_checksum = crc32c(payload);
    header.durable_end = end_;
    // The file ends behind the footer, and what the last payload leaves of its 64 bytes is zeros.
    const EncodedHeader encoded = encode_frame_header(header, out_.superblock.nonce, end_);
    const std::array<ByteView, 2> parts = {encoded, payload};
    FARM_TRY(out_.file->write_at(end_, parts));
    out_.bytes = end_ + kFooterBytes;
    return ok();
  }

  Volume& old_;
  Rewritten& out_;
  const IsLive& is_live_;
  Throttle& throttle_;
  Bytes buffer_;
  std::uint64_t end_ = 0;
  std::uint64_t written_back_ = 0;
};

}  // namespace

Result<Rewritten> rewrite(io::FileSystem& files, Volume& old, const Superblock& superblock,
                          const std::filesystem::path& draft, const IsLive& is_live,
                          Throttle& throttle) {
  Rewritten out;
  out.superblock = superblock;
  if (auto removed = files.remove(draft); !removed) {
    if (removed.error().code != ErrorCode::kNotFound) return fail(std::move(removed).error());
  }
  FARM_TRY(out.file, files.open(draft, io::OpenMode::kCreateNew));
  if (auto done = Rewriter(old, out, is_live, throttle).run(); !done) {
    (void)files.remove(draft);  // a full disk needs its space; and the next start removes it
    return fail(std::move(done).error());
  }
  return out;
}

}  // namespace farm::volume
