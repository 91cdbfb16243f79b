#include "cache/disk/segment_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/checksum.h"

namespace farm::cache {
namespace {

constexpr std::string_view kSuffix = ".segment";
constexpr std::size_t kDigits = 12;
constexpr std::array<std::byte, kUnitBytes> kPadding{};

RecordHead head_of(const LogRecord& record, const SegmentId& segment) {
  RecordHead head{.segment = segment, .hash = record.hash, .shape = {}, .meta = {}};
  if (record.object == nullptr) {
    head.kind = RecordHead::Kind::kForgotten;
    head.shape.body_bytes = record.forgotten.size_bytes();
    head.payload_checksum = crc32c(std::as_bytes(record.forgotten));
    return head;
  }
  const Object& object = *record.object;
  head.expired = object.expired();
  head.shape = object.shape();
  head.meta = object.meta();
  head.payload_checksum = crc32c(object.payload());
  return head;
}

ByteView payload_of(const LogRecord& record) {
  return record.object == nullptr ? std::as_bytes(record.forgotten) : record.object->payload();
}

}  // namespace

ObjectRef object_in(ObjectRoom& room, const SegmentId& segment, std::uint64_t hash) {
  const auto head = decode_record_head(ByteView(room.bytes()).first(kRecordHeadBytes));
  if (!head || head->kind != RecordHead::Kind::kObject || head->segment != segment ||
      head->hash != hash || head->shape.payload_bytes() > room.payload().size() ||
      crc32c(room.payload().first(head->shape.payload_bytes())) != head->payload_checksum) {
    return {};
  }
  ObjectRef object = room.finish(head->shape, head->meta);
  if (head->expired) object->expire();
  return object;
}

std::string SegmentFiles::name_of(std::uint64_t sequence) {
  std::array<char, 40> name{};
  std::snprintf(name.data(), name.size(), "%0*llu%s", static_cast<int>(kDigits),
                static_cast<unsigned long long>(sequence), kSuffix.data());
  return name.data();
}

std::uint64_t SegmentFiles::sequence_of(const std::string& name) {
  std::uint64_t sequence = 0;
  std::from_chars(name.data(), name.data() + name.size(), sequence);
  return name == name_of(sequence) ? sequence : 0;
}

std::shared_ptr<const SegmentFile> SegmentFiles::get(std::uint32_t slot) const {
  const std::lock_guard lock(mutex_);
  return slot < slots_.size() ? slots_[slot] : nullptr;
}

void SegmentFiles::set(std::uint32_t slot, std::shared_ptr<const SegmentFile> file) {
  const std::lock_guard lock(mutex_);
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  slots_[slot].swap(file);
}

void SegmentFiles::forget_all() {
  const std::lock_guard lock(mutex_);
  slots_.clear();
}

Result<void> SegmentFiles::open(std::uint32_t slot, std::uint64_t sequence) {
  auto segment = std::make_shared<SegmentFile>();
  segment->id = {disk_, sequence};
  segment->path = path_of(sequence);
  FARM_TRY(segment->file, files_.open(segment->path, io::OpenMode::kReadWrite));
  set(slot, std::move(segment));
  return ok();
}

Result<void> SegmentFiles::sync(std::uint32_t slot) {
  FARM_TRY(get(slot)->file->sync_data());
  return files_.sync_directory(directory_);
}

Result<void> SegmentFiles::create(std::uint32_t slot, std::uint64_t sequence, std::uint64_t bytes) {
  auto segment = std::make_shared<SegmentFile>();
  segment->id = {disk_, sequence};
  segment->path = path_of(sequence);
  if (auto removed = files_.remove(segment->path); !removed) {
    if (removed.error().code != ErrorCode::kNotFound) return removed;
  }
  FARM_TRY(segment->file, files_.open(segment->path, io::OpenMode::kCreateNew));
  const auto head = encode_segment_head(segment->id);
  const ByteView part = head;
  auto made = segment->file->allocate(0, bytes);
  if (made) made = segment->file->write_at(0, {&part, 1});
  if (!made) {
    segment->file.reset();
    (void)files_.remove(segment->path);
    return made;
  }
  set(slot, std::move(segment));
  return ok();
}

Result<void> SegmentFiles::write(std::uint32_t slot, std::uint32_t offset,
                                 std::span<const LogRecord> records) {
  const auto segment = get(slot);
  std::vector<std::array<std::byte, kRecordHeadBytes>> heads(records.size());
  std::vector<ByteView> parts;
  parts.reserve(records.size() * 3);
  std::uint64_t units = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const ByteView payload = payload_of(records[i]);
    heads[i] = encode_record_head(head_of(records[i], segment->id));
    parts.emplace_back(heads[i]);
    parts.push_back(payload);
    const std::uint64_t bytes = records[i].units * kUnitBytes;
    parts.push_back(ByteView(kPadding).first(bytes - kRecordHeadBytes - payload.size()));
    units += records[i].units;
  }
  FARM_TRY(segment->file->write_at(offset * kUnitBytes, parts));
  segment->file->begin_write_back(offset * kUnitBytes, units * kUnitBytes);
  return ok();
}

Result<std::uint64_t> SegmentFiles::close(std::uint32_t slot, std::uint32_t end,
                                          std::span<const SegmentEntry> entries) {
  const auto segment = get(slot);
  const Bytes bytes = encode_segment_end(segment->id, end, entries);
  const ByteView part = bytes;
  FARM_TRY(segment->file->write_at(end * kUnitBytes, {&part, 1}));
  const std::uint64_t size = end * kUnitBytes + bytes.size();
  FARM_TRY(segment->file->truncate(size));
  FARM_TRY(sync(slot));
  return size;
}

Result<std::vector<SegmentEntry>> SegmentFiles::entries(std::uint32_t slot) {
  const auto segment = get(slot);
  FARM_TRY(SegmentContents contents, read_segment_end(*segment->file, segment->id));
  return std::move(contents.entries);
}

Result<void> SegmentFiles::carry(std::uint64_t hash, const Location& from, const Location& to) {
  const auto unreadable = [] {
    return fail(ErrorCode::kCorrupt, "cache", "a record cannot be read");
  };
  const auto source = get(from.slot);
  ObjectRoom room(kRecordHeadBytes, from.length * kUnitBytes - kRecordHeadBytes);
  const auto read = source->file->read_at(from.offset * kUnitBytes, room.bytes());
  if (!read || read.value() != room.bytes().size()) return unreadable();
  const ObjectRef object = object_in(room, source->id, hash);
  if (!object || units_of(kRecordHeadBytes + object->payload().size()) != to.length) {
    return unreadable();
  }
  const LogRecord record{.hash = hash, .units = to.length, .object = &*object};
  return write(to.slot, to.offset, {&record, 1});
}

void SegmentFiles::remove(std::uint32_t slot) {
  const auto segment = get(slot);
  set(slot, nullptr);
  // Should it stay, the next start sees that it is too old.
  if (segment) (void)files_.remove(segment->path);
}

}  // namespace farm::cache
