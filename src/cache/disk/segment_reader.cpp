#include "cache/disk/segment_reader.h"

#include <algorithm>

#include "base/checksum.h"

namespace farm::cache {
namespace {

auto corrupt(const char* what) { return fail(ErrorCode::kCorrupt, "cache", what); }

// Reads a file from its beginning to its end in large steps, and shows what is asked for.
class Window {
 public:
  Window(io::File& file, std::uint64_t size) : file_(file), size_(size) {}

  // Empty where the file is too short. Good until the next call.
  Result<ByteView> at(std::uint64_t offset, std::uint64_t length) {
    if (offset > size_ || length > size_ - offset) return ByteView{};
    if (offset < begin_ || offset + length > begin_ + bytes_.size()) {
      bytes_.resize(std::min(std::max(length, kStepBytes), size_ - offset));
      begin_ = offset;
      FARM_TRY(const std::size_t read, file_.read_at(offset, bytes_));
      if (read < length) {
        bytes_.clear();
        return ByteView{};
      }
      bytes_.resize(read);
    }
    return ByteView(bytes_).subspan(offset - begin_, length);
  }

 private:
  static constexpr std::uint64_t kStepBytes = 1 << 20;

  io::File& file_;
  const std::uint64_t size_;
  std::uint64_t begin_ = 0;
  Bytes bytes_;
};

// The record at that unit; nothing if there is no good one.
Result<std::optional<RecordHead>> record_at(Window& window, std::uint64_t unit,
                                            const SegmentId& id) {
  FARM_TRY(const ByteView bytes, window.at(unit * kUnitBytes, kRecordHeadBytes));
  auto head = decode_record_head(bytes);
  if (!head || head->segment != id) return std::nullopt;
  return head;
}

// False if they are not good.
Result<bool> add_forgotten(Window& window, std::uint32_t unit, const RecordHead& head,
                           std::vector<SegmentEntry>& entries) {
  FARM_TRY(const ByteView hashes,
           window.at(unit * kUnitBytes + kRecordHeadBytes, head.shape.body_bytes));
  if (hashes.size() != head.shape.body_bytes || crc32c(hashes) != head.payload_checksum) {
    return false;
  }
  for (std::size_t at = 0; at < hashes.size(); at += 8) {
    entries.push_back({load_le<std::uint64_t>(hashes, at), unit, 0});
  }
  return true;
}

Result<SegmentContents> go_through(io::File& file, std::uint64_t size, const SegmentId& id) {
  SegmentContents found;
  Window window(file, size);
  std::uint64_t unit = kSegmentHeadBytes / kUnitBytes;
  while (unit < 2 * std::uint64_t{Location::kMaxUnits}) {
    FARM_TRY(const auto head, record_at(window, unit, id));
    if (!head || (unit + head->units()) * kUnitBytes > size) break;
    const auto at = static_cast<std::uint32_t>(unit);
    if (head->kind == RecordHead::Kind::kForgotten) {
      FARM_TRY(const bool good, add_forgotten(window, at, *head, found.entries));
      if (!good) break;
    } else {
      found.entries.push_back({head->hash, at, static_cast<std::uint32_t>(head->units())});
    }
    unit += head->units();
  }
  found.end = static_cast<std::uint32_t>(unit);
  found.complete = unit * kUnitBytes + segment_end_bytes(found.entries.size()) == size;
  return found;
}

}  // namespace

Result<SegmentContents> read_segment_end(io::File& file, const SegmentId& id) {
  FARM_TRY(const std::uint64_t size, file.size());
  if (size < kSegmentHeadBytes + kSegmentTailBytes) return corrupt("a segment is too short");
  std::array<std::byte, kSegmentTailBytes> bytes{};
  FARM_TRY(const std::size_t read, file.read_at(size - bytes.size(), bytes));
  const auto tail = decode_segment_tail(ByteView(bytes).first(read));
  if (!tail || tail->id != id ||
      tail->end * kUnitBytes + segment_end_bytes(tail->entries) != size) {
    return corrupt("a segment has no good end");
  }
  Bytes table(tail->entries * kSegmentEntryBytes);
  FARM_TRY(const std::size_t got, file.read_at(tail->end * kUnitBytes, table));
  auto entries = decode_segment_entries(*tail, ByteView(table).first(got));
  if (!entries) return corrupt("a segment's entries are damaged");
  return SegmentContents{
      .entries = *std::move(entries), .end = tail->end, .closed = true, .complete = true};
}

Result<SegmentContents> read_segment(io::File& file, const SegmentId& id) {
  std::array<std::byte, kSegmentHeadBytes> head{};
  FARM_TRY(const std::size_t read, file.read_at(0, head));
  if (decode_segment_head(ByteView(head).first(read)) != id) {
    return fail(ErrorCode::kNotFound, "cache", "it is no segment of this disk");
  }
  auto closed = read_segment_end(file, id);
  if (closed || closed.error().code != ErrorCode::kCorrupt) return closed;
  FARM_TRY(const std::uint64_t size, file.size());
  return go_through(file, size, id);
}

}  // namespace farm::cache
