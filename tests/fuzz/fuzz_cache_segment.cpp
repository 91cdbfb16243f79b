// A segment of the cache's disk tier, and a checkpoint of its index, from any bytes: read or
// refused, never a crash; what is found lies inside the file, and no object comes from bytes that
// its checksum does not cover. The first byte says which of the two, and whether checksums are put
// right, so that what is behind them is reached, too.
#include <cstdlib>

#include "base/checksum.h"
#include "cache/disk/index_checkpoint.h"
#include "cache/disk/segment_files.h"
#include "io/fake_file.h"

namespace {

using farm::Bytes;
using farm::ByteView;
using namespace farm::cache;

constexpr SegmentId kId{0x0123'4567'89ab'cdef, 1};

void must(bool holds) {
  if (!holds) std::abort();
}

// CRC32C of a structure with its own four bytes as zeros.
void put_right(Bytes& file, std::size_t at, std::size_t length, std::size_t checksum) {
  if (at > file.size() || length > file.size() - at) return;
  farm::store_le(file, at + checksum, std::uint32_t{0});
  farm::store_le(file, at + checksum, farm::crc32c(ByteView(file).subspan(at, length)));
}

void put_records_right(Bytes& file) {
  put_right(file, 0, kSegmentHeadBytes, 12);
  std::size_t at = kSegmentHeadBytes;
  while (at + kRecordHeadBytes <= file.size()) {
    put_right(file, at, kRecordHeadBytes, 4);
    const auto head = decode_record_head(ByteView(file).subspan(at, kRecordHeadBytes));
    if (!head || head->units() * kUnitBytes > file.size() - at) break;
    at += head->units() * kUnitBytes;
  }
  if (file.size() >= kSegmentTailBytes) {
    put_right(file, file.size() - kSegmentTailBytes, kSegmentTailBytes, 4);
  }
}

void try_segment(farm::io::FakeFileSystem& disk, const Bytes& bytes) {
  disk.set_contents("/cache/segment", bytes);
  const auto file = disk.open("/cache/segment", farm::io::OpenMode::kRead);
  const auto contents = read_segment(*file.value(), kId);
  if (!contents) return;
  must(std::uint64_t{contents.value().end} * kUnitBytes <= bytes.size());
  for (const SegmentEntry& entry : contents.value().entries) {
    must(entry.offset + std::uint64_t{entry.length} <= contents.value().end);
    const std::uint64_t length = entry.length * kUnitBytes;
    if (length < kRecordHeadBytes) continue;
    ObjectRoom room(kRecordHeadBytes, length - kRecordHeadBytes);
    const auto read = file.value()->read_at(entry.offset * kUnitBytes, room.bytes());
    must(read.value() == length);
    const ObjectRef object = object_in(room, kId, entry.hash);
    if (!object) continue;
    must(object->payload().size() + kRecordHeadBytes <= length);
    must(object->etag().size() <= object->head().size());
  }
}

void try_checkpoint(farm::io::FakeFileSystem& disk, const Bytes& bytes) {
  disk.set_contents("/cache/checkpoint", bytes);
  DiskIndex index;
  const auto rows = read_index_checkpoint(
      disk, "/cache/checkpoint", kId.disk,
      {.accepts = [](const auto&) { return true; },
       .slot_of = [](const CheckpointRow& row) { return std::optional(row.end % 7); }},
      index);
  if (!rows) return;
  must(index.count() <= bytes.size() / sizeof(IndexEntry));
  index.erase_if([](const IndexEntry& entry) {
    must(entry.location().slot < 7 && entry.location().length > 0);
    return true;
  });
  must(index.count() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  Bytes file(begin + 1, begin + size);
  farm::io::FakeFileSystem disk;
  must(disk.make_directories("/cache").has_value());
  if ((data[0] & 2) != 0) {
    try_checkpoint(disk, file);
  } else {
    if ((data[0] & 1) != 0) put_records_right(file);
    try_segment(disk, file);
  }
  return 0;
}
