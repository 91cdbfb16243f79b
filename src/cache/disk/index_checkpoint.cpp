#include "cache/disk/index_checkpoint.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/checksum.h"
#include "cache/disk/segment_format.h"

namespace farm::cache {
namespace {

constexpr std::uint64_t kMagic = 0x0a1a'0a0d'4943'5089;  // 89 50 43 49 0d 0a 1a 0a
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeadBytes = 64;
constexpr std::size_t kRowBytes = 16;
constexpr std::size_t kPartHeadBytes = 16;
constexpr std::size_t kEntryBytes = sizeof(IndexEntry);
constexpr std::size_t kChecksumAt = 12;

auto corrupt(const char* what) {
  return fail(ErrorCode::kCorrupt, "cache",
              std::string("the checkpoint of the disk's index is not to be used: ") + what);
}

Bytes encode_head(std::uint64_t disk, const std::vector<CheckpointRow>& rows) {
  Bytes bytes(kHeadBytes + rows.size() * kRowBytes);
  store_le(bytes, 0, kMagic);
  store_le(bytes, 8, kVersion);
  store_le(bytes, 16, disk);
  store_le(bytes, 24, static_cast<std::uint32_t>(rows.size()));
  store_le(bytes, 28, static_cast<std::uint32_t>(DiskIndex::kParts));
  std::size_t at = kHeadBytes;
  for (const CheckpointRow& row : rows) {
    store_le(bytes, at, row.sequence);
    store_le(bytes, at + 8, row.slot);
    store_le(bytes, at + 12, row.end);
    at += kRowBytes;
  }
  store_le(bytes, kChecksumAt, crc32c_around(bytes, kChecksumAt));
  return bytes;
}

std::uint32_t part_checksum(ByteView head, ByteView entries) {
  return crc32c(entries, crc32c(head.first(8)));
}

Result<void> write_all(io::File& file, std::uint64_t disk, const std::vector<CheckpointRow>& rows,
                       const DiskIndex& index) {
  const Bytes head = encode_head(disk, rows);
  const ByteView first = head;
  FARM_TRY(file.write_at(0, {&first, 1}));
  std::uint64_t at = head.size();
  for (std::size_t part = 0; part < DiskIndex::kParts; ++part) {
    const std::vector<IndexEntry> entries = index.copy_part(part);
    const ByteView body = std::as_bytes(std::span(entries));
    std::array<std::byte, kPartHeadBytes> part_head{};
    store_le(part_head, 0, static_cast<std::uint32_t>(part));
    store_le(part_head, 4, static_cast<std::uint32_t>(entries.size()));
    store_le(part_head, 8, part_checksum(part_head, body));
    const std::array<ByteView, 2> parts = {part_head, body};
    FARM_TRY(file.write_at(at, parts));
    at += part_head.size() + body.size();
  }
  return file.sync_data();
}

Result<Bytes> read_exactly(io::File& file, std::uint64_t offset, std::uint64_t count,
                           std::uint64_t size) {
  if (offset > size || count > size - offset) return corrupt("it is cut short");
  Bytes bytes(count);
  FARM_TRY(const std::size_t read, file.read_at(offset, bytes));
  if (read != count) return corrupt("it is cut short");
  return bytes;
}

Result<std::vector<CheckpointRow>> read_rows(io::File& file, std::uint64_t size,
                                             std::uint64_t disk) {
  FARM_TRY(Bytes bytes, read_exactly(file, 0, kHeadBytes, size));
  if (load_le<std::uint64_t>(bytes, 0) != kMagic || load_le<std::uint32_t>(bytes, 8) != kVersion) {
    return corrupt("it is of another kind");
  }
  const auto count = load_le<std::uint32_t>(bytes, 24);
  if (load_le<std::uint64_t>(bytes, 16) != disk || count >= Location::kMaxSlots ||
      load_le<std::uint32_t>(bytes, 28) != DiskIndex::kParts) {
    return corrupt("it is of another disk");
  }
  FARM_TRY(bytes, read_exactly(file, 0, kHeadBytes + count * kRowBytes, size));
  if (load_le<std::uint32_t>(bytes, kChecksumAt) != crc32c_around(bytes, kChecksumAt)) {
    return corrupt("its head's checksum is wrong");
  }
  std::vector<CheckpointRow> rows;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t at = kHeadBytes + i * kRowBytes;
    rows.push_back({load_le<std::uint64_t>(bytes, at), load_le<std::uint32_t>(bytes, at + 8),
                    load_le<std::uint32_t>(bytes, at + 12)});
  }
  return rows;
}

// By slot when it was written: the slot now.
using Slots = std::unordered_map<std::uint32_t, std::uint32_t>;

Result<std::uint64_t> read_part(io::File& file, std::uint64_t at, std::uint64_t size,
                                std::size_t part, const Slots& slots, DiskIndex& index) {
  FARM_TRY(const Bytes head, read_exactly(file, at, kPartHeadBytes, size));
  const std::uint64_t count = load_le<std::uint32_t>(head, 4);
  if (load_le<std::uint32_t>(head, 0) != part) return corrupt("a part is missing");
  FARM_TRY(const Bytes body, read_exactly(file, at + kPartHeadBytes, count * kEntryBytes, size));
  if (load_le<std::uint32_t>(head, 8) != part_checksum(head, body)) {
    return corrupt("a checksum is wrong");
  }
  for (std::size_t offset = 0; offset < body.size(); offset += kEntryBytes) {
    const IndexEntry entry{load_le<std::uint64_t>(body, offset),
                           load_le<std::uint64_t>(body, offset + 8)};
    Location location = entry.location();
    if (entry.hash % DiskIndex::kParts != part || location.length == 0) {
      return corrupt("an entry makes no sense");
    }
    const auto slot = slots.find(location.slot);
    if (slot == slots.end()) continue;
    location.slot = slot->second;
    index.put(entry.hash, location, entry.hit());
  }
  return at + kPartHeadBytes + body.size();
}

}  // namespace

Result<void> write_index_checkpoint(io::FileSystem& files, const std::filesystem::path& path,
                                    std::uint64_t disk, const std::vector<CheckpointRow>& rows,
                                    const DiskIndex& index) {
  std::filesystem::path draft = path;
  draft += ".new";
  if (auto removed = files.remove(draft); !removed) {
    if (removed.error().code != ErrorCode::kNotFound) return removed;
  }
  auto written = [&]() -> Result<void> {
    FARM_TRY(const auto file, files.open(draft, io::OpenMode::kCreateNew));
    return write_all(*file, disk, rows, index);
  }();
  if (!written) {
    (void)files.remove(draft);  // a full disk needs its space
    return written;
  }
  FARM_TRY(files.rename(draft, path));
  return files.sync_directory(path.parent_path());
}

Result<std::vector<CheckpointRow>> read_index_checkpoint(io::FileSystem& files,
                                                         const std::filesystem::path& path,
                                                         std::uint64_t disk,
                                                         const CheckpointUse& use,
                                                         DiskIndex& index) {
  FARM_TRY(const auto file, files.open(path, io::OpenMode::kRead));
  FARM_TRY(const std::uint64_t size, file->size());
  FARM_TRY(std::vector<CheckpointRow> rows, read_rows(*file, size, disk));
  if (!use.accepts(rows)) return corrupt("the segments are others");
  Slots slots;
  for (const CheckpointRow& row : rows) {
    if (const auto slot = use.slot_of(row)) slots[row.slot] = *slot;
  }
  file->begin_read_ahead(0, size);
  index.reserve(size / kEntryBytes);
  std::uint64_t at = kHeadBytes + rows.size() * kRowBytes;
  for (std::size_t part = 0; part < DiskIndex::kParts; ++part) {
    FARM_TRY(at, read_part(*file, at, size, part, slots, index));
  }
  if (at != size) return corrupt("something follows its end");
  return rows;
}

}  // namespace farm::cache
