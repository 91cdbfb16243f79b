#include "volume/checkpoint.h"

#include <algorithm>
#include <array>

#include "base/checksum.h"

namespace farm::volume {
namespace {

constexpr std::uint64_t kMagic = 0x0a1a'0a0d'4346'5089;  // 89 50 46 43 0d 0a 1a 0a
constexpr std::uint16_t kVersion = 2;
constexpr std::size_t kHeadBytes = 64;
constexpr std::size_t kCoverBytes = 128;
constexpr std::size_t kShardHeadBytes = 16;
constexpr std::size_t kChecksumAt = 12;

auto corrupt(const char* what) {
  return fail(ErrorCode::kCorrupt, "volume",
              std::string("the index's checkpoint is not to be used: ") + what);
}

void encode_cover(const Cover& cover, MutableByteView out) {
  std::ranges::copy(cover.uuid, out.begin());
  store_le(out, 16, cover.generation);
  store_le(out, 24, cover.number);
  store_le(out, 28, std::uint32_t{cover.closed});
  store_le(out, 32, cover.end);
  store_le(out, 40, cover.garbage_bytes);
  store_le(out, 48, cover.oldest_garbage_ms);
  store_le(out, 56, cover.scrubbed_ms);
  store_le(out, 64, cover.totals.frames);
  store_le(out, 72, cover.totals.records);
  store_le(out, 80, cover.totals.tombstones);
  store_le(out, 88, cover.totals.payload_bytes);
  store_le(out, 96, cover.totals.last_sequence);
}

Cover decode_cover(ByteView in) {
  Cover cover;
  std::ranges::copy(in.first(cover.uuid.size()), cover.uuid.begin());
  cover.generation = load_le<std::uint64_t>(in, 16);
  cover.number = load_le<std::uint32_t>(in, 24);
  cover.closed = load_le<std::uint32_t>(in, 28) != 0;
  cover.end = load_le<std::uint64_t>(in, 32);
  cover.garbage_bytes = load_le<std::uint64_t>(in, 40);
  cover.oldest_garbage_ms = load_le<Millis>(in, 48);
  cover.scrubbed_ms = load_le<Millis>(in, 56);
  cover.totals.frames = load_le<std::uint64_t>(in, 64);
  cover.totals.records = load_le<std::uint64_t>(in, 72);
  cover.totals.tombstones = load_le<std::uint64_t>(in, 80);
  cover.totals.payload_bytes = load_le<std::uint64_t>(in, 88);
  cover.totals.last_sequence = load_le<std::uint64_t>(in, 96);
  return cover;
}

Bytes encode_head(const CheckpointHead& head) {
  Bytes bytes(kHeadBytes + head.volumes.size() * kCoverBytes);
  store_le(bytes, 0, kMagic);
  store_le(bytes, 8, kVersion);
  std::ranges::copy(head.store, bytes.begin() + 16);
  store_le(bytes, 32, head.last_sequence);
  store_le(bytes, 40, static_cast<std::uint32_t>(head.volumes.size()));
  store_le(bytes, 44, static_cast<std::uint32_t>(Index::kShards));
  store_le(bytes, 48, head.made_ms);
  for (std::size_t i = 0; i < head.volumes.size(); ++i) {
    encode_cover(head.volumes[i],
                 MutableByteView(bytes).subspan(kHeadBytes + i * kCoverBytes, kCoverBytes));
  }
  store_le(bytes, kChecksumAt, crc32c(bytes));
  return bytes;
}

std::uint32_t shard_checksum(ByteView head, ByteView entries) {
  return crc32c(entries, crc32c(head.first(8)));
}

Result<Bytes> read_exactly(io::File& file, std::uint64_t offset, std::size_t count) {
  Bytes bytes(count);
  FARM_TRY(const std::size_t read, file.read_at(offset, bytes));
  if (read != count) return corrupt("it is cut short");
  return bytes;
}

// Keeps what is in a row, and tells the row instead of the slot.
void keep_covered(std::vector<IndexEntry>& entries, const std::vector<std::uint16_t>& rows) {
  std::erase_if(entries, [&](const IndexEntry& entry) {
    return entry.slot >= rows.size() || rows[entry.slot] == kNoSlot;
  });
  for (IndexEntry& entry : entries) entry.slot = rows[entry.slot];
}

Result<std::uint64_t> write_all(io::File& file, const CheckpointHead& head, const Index& index,
                                const std::vector<std::uint16_t>& rows) {
  const Bytes first = encode_head(head);
  const ByteView first_part = first;
  FARM_TRY(file.write_at(0, {&first_part, 1}));
  std::uint64_t at = first.size();
  for (std::size_t shard = 0; shard < Index::kShards; ++shard) {
    std::vector<IndexEntry> entries = index.copy_shard(shard);
    keep_covered(entries, rows);
    const ByteView body = std::as_bytes(std::span(entries));
    std::array<std::byte, kShardHeadBytes> shard_head{};
    store_le(shard_head, 0, static_cast<std::uint32_t>(shard));
    store_le(shard_head, 4, static_cast<std::uint32_t>(entries.size()));
    store_le(shard_head, 8, shard_checksum(shard_head, body));
    const std::array<ByteView, 2> parts = {shard_head, body};
    FARM_TRY(file.write_at(at, parts));
    at += shard_head.size() + body.size();
  }
  return at;
}

}  // namespace

Result<void> write_checkpoint(io::FileSystem& files, const std::filesystem::path& path,
                              const CheckpointHead& head, const Index& index,
                              const std::vector<std::uint16_t>& rows) {
  std::filesystem::path draft = path;
  draft += ".new";
  if (auto removed = files.remove(draft); !removed) {
    if (removed.error().code != ErrorCode::kNotFound) return fail(std::move(removed).error());
  }
  auto written = [&]() -> Result<void> {
    FARM_TRY(auto file, files.open(draft, io::OpenMode::kCreateNew));
    FARM_TRY(write_all(*file, head, index, rows));
    return file->sync_data();
  }();
  if (!written) {
    (void)files.remove(draft);  // a full disk needs its space
    return written;
  }
  FARM_TRY(files.rename(draft, path));
  return files.sync_directory(path.parent_path());
}

Result<CheckpointReader> CheckpointReader::open(io::FileSystem& files,
                                                const std::filesystem::path& path) {
  FARM_TRY(auto file, files.open(path, io::OpenMode::kRead));
  FARM_TRY(const std::uint64_t size, file->size());
  FARM_TRY(Bytes bytes, read_exactly(*file, 0, kHeadBytes));
  if (load_le<std::uint64_t>(bytes, 0) != kMagic) return corrupt("it is no checkpoint");
  if (load_le<std::uint16_t>(bytes, 8) != kVersion) {
    return fail(ErrorCode::kUnsupported, "volume", "the index's checkpoint has another version");
  }
  const std::size_t volumes = load_le<std::uint32_t>(bytes, 40);
  if (volumes >= kNoSlot || load_le<std::uint32_t>(bytes, 44) != Index::kShards) {
    return corrupt("its head makes no sense");
  }
  FARM_TRY(bytes, read_exactly(*file, 0, kHeadBytes + volumes * kCoverBytes));
  if (load_le<std::uint32_t>(bytes, kChecksumAt) != crc32c_around(bytes, kChecksumAt)) {
    return corrupt("its head's checksum is wrong");
  }
  CheckpointHead head;
  std::ranges::copy(ByteView(bytes).subspan(16, head.store.size()), head.store.begin());
  head.last_sequence = load_le<std::uint64_t>(bytes, 32);
  head.made_ms = load_le<Millis>(bytes, 48);
  for (std::size_t i = 0; i < volumes; ++i) {
    head.volumes.push_back(
        decode_cover(ByteView(bytes).subspan(kHeadBytes + i * kCoverBytes, kCoverBytes)));
  }
  return CheckpointReader(std::move(file), std::move(head), bytes.size(), size);
}

Result<void> CheckpointReader::read_entries(const std::vector<std::uint16_t>& slots, Index& index) {
  std::uint64_t at = entries_at_;
  for (std::size_t shard = 0; shard < Index::kShards; ++shard) {
    FARM_TRY(std::vector<IndexEntry> entries, read_shard(shard, at));
    keep_covered(entries, slots);
    if (!index.fill_shard(shard, entries)) return corrupt("an entry makes no sense");
  }
  if (at != size_) return corrupt("something follows its end");
  return ok();
}

Result<std::vector<IndexEntry>> CheckpointReader::read_shard(std::size_t shard, std::uint64_t& at) {
  FARM_TRY(const Bytes head, read_exactly(*file_, at, kShardHeadBytes));
  at += head.size();
  const std::size_t count = load_le<std::uint32_t>(head, 4);
  if (load_le<std::uint32_t>(head, 0) != shard || count > (size_ - at) / sizeof(IndexEntry)) {
    return corrupt("a part of it makes no sense");
  }
  std::vector<IndexEntry> entries(count);
  const MutableByteView body = std::as_writable_bytes(std::span(entries));
  FARM_TRY(const std::size_t read, file_->read_at(at, body));
  if (read != body.size()) return corrupt("it is cut short");
  if (shard_checksum(head, body) != load_le<std::uint32_t>(head, 8)) {
    return corrupt("a checksum is wrong");
  }
  at += body.size();
  return entries;
}

}  // namespace farm::volume
