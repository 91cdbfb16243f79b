#include "store/record_reader.h"

#include <algorithm>

namespace farm::store {
namespace {

using photo::RecordView;
using photo::SizeEntry;
using Read = std::optional<Result<ReadBytes>>;

// The two ways to read, so that each step is written once.
struct Waiting {
  PhotoStore& store;
  Read start(PhotoId id, Window window, MutableByteView out) const {
    return store.read(id, 0, 0, out.first(window.bytes));
  }
  Read operator()(PhotoId id, std::uint32_t version, std::uint64_t offset,
                  MutableByteView out) const {
    return store.read(id, version, offset, out);
  }
};
struct NeverWaiting {
  PhotoStore& store;
  Read start(PhotoId id, Window window, MutableByteView out) const {
    if (window.up_to) return store.try_read_up_to(id, *window.up_to, window.bytes, out);
    return store.try_read(id, 0, 0, out.first(window.bytes));
  }
  Read operator()(PhotoId id, std::uint32_t version, std::uint64_t offset,
                  MutableByteView out) const {
    return store.try_read(id, version, offset, out);
  }
};

auto damaged(PhotoStore& store, PhotoId id, const std::string& what) {
  store.report_damage(id, what);
  return fail(ErrorCode::kCorrupt, "store", "photo " + id.str() + ": " + what);
}

template <class Reader>
std::optional<Result<RecordPrefix>> prefix_by(const Reader& read, PhotoId id, Window window,
                                              MutableByteView buffer) {
  window.bytes = std::clamp(window.bytes, photo::kRecordPreludeBytes, buffer.size());
  Read first = read.start(id, window, buffer);
  if (!first) return {};
  if (!*first) return fail(std::move(*first).error());
  std::size_t size = first->value().size;
  const std::uint32_t version = first->value().version;

  const auto length = photo::record_header_length(buffer.first(size));
  if (!length) return damaged(read.store, id, length.error().context);
  if (length.value() > size) {
    if (length.value() > buffer.size()) {
      return fail(ErrorCode::kTooLarge, "store", "the record's header is larger than the buffer");
    }
    Read rest = read(id, version, size, buffer.subspan(size, length.value() - size));
    if (!rest) return {};
    if (!*rest) return fail(std::move(*rest).error());
    size += rest->value().size;
  }
  const ByteView bytes = buffer.first(size);
  const auto view = RecordView::parse(bytes);
  if (!view) return damaged(read.store, id, view.error().context);
  if (view.value().id() != id || view.value().version() != version) {
    return damaged(read.store, id, "the record is another photo's");
  }
  if (!first->value().reach.is_known()) {
    read.store.note_reach(id, version, Reach::of(view.value(), read.store.read_window()));
  }
  return RecordPrefix{view.value(), bytes};
}

template <class Reader>
std::optional<Result<ByteView>> blocks_by(const Reader& read, const RecordView& view,
                                          const SizeEntry& size, std::uint64_t block,
                                          MutableByteView buffer) {
  const std::uint64_t start = block * photo::kRecordBlockBytes;
  if (start >= size.length) {
    return fail(ErrorCode::kInvalidArgument, "store", "a read beyond the size's end");
  }
  std::uint64_t count = size.length - start;
  if (count > buffer.size()) {
    count = buffer.size() / photo::kRecordBlockBytes * photo::kRecordBlockBytes;
  }
  if (count == 0) return fail(ErrorCode::kInvalidArgument, "store", "no room for a block");
  const MutableByteView out = buffer.first(count);
  Read done = read(view.id(), view.version(), size.offset + start, out);
  if (!done) return {};
  if (!*done) return fail(std::move(*done).error());
  if (done->value().size != count) return damaged(read.store, view.id(), "the record is cut short");
  if (!view.verify(size, block, out)) {
    return damaged(read.store, view.id(),
                   std::string("wrong checksum in size ") + static_cast<char>(size.code));
  }
  return ByteView(out);
}

}  // namespace

Result<RecordPrefix> read_prefix(PhotoStore& store, PhotoId id, std::size_t window,
                                 MutableByteView buffer) {
  return *prefix_by(Waiting{store}, id, {window}, buffer);
}

std::optional<Result<RecordPrefix>> try_read_prefix(PhotoStore& store, PhotoId id, Window window,
                                                    MutableByteView buffer) {
  return prefix_by(NeverWaiting{store}, id, window, buffer);
}

std::optional<Result<ByteView>> size_in_prefix(PhotoStore& store, const RecordPrefix& prefix,
                                               const SizeEntry& size) {
  if (size.offset + size.length > prefix.bytes.size()) return {};
  const ByteView bytes = prefix.bytes.subspan(size.offset, size.length);
  if (!prefix.view.verify(size, 0, bytes)) {
    return damaged(store, prefix.view.id(),
                   std::string("wrong checksum in size ") + static_cast<char>(size.code));
  }
  return bytes;
}

Result<ByteView> read_blocks(PhotoStore& store, const RecordView& view, const SizeEntry& size,
                             std::uint64_t block, MutableByteView buffer) {
  return *blocks_by(Waiting{store}, view, size, block, buffer);
}

std::optional<Result<ByteView>> try_read_blocks(PhotoStore& store, const RecordView& view,
                                                const SizeEntry& size, std::uint64_t block,
                                                MutableByteView buffer) {
  return blocks_by(NeverWaiting{store}, view, size, block, buffer);
}

Result<OwnedRecord> OwnedRecord::make(Bytes bytes) {
  FARM_TRY(const RecordView view, RecordView::parse(bytes));
  return OwnedRecord(std::move(bytes), view);
}

Result<OwnedRecord> read_header(PhotoStore& store, PhotoId id) {
  Bytes buffer(4 << 10);
  auto prefix = read_prefix(store, id, buffer.size(), buffer);
  if (!prefix && prefix.error().code == ErrorCode::kTooLarge) {
    buffer.resize(photo::kRecordMaxHeaderBytes);
    prefix = read_prefix(store, id, buffer.size(), buffer);
  }
  if (!prefix) return fail(std::move(prefix).error());
  buffer.resize(prefix.value().view.header_bytes());
  return OwnedRecord::make(std::move(buffer));
}

Result<OwnedRecord> read_record(PhotoStore& store, PhotoId id) {
  FARM_TRY(const OwnedRecord header, read_header(store, id));
  const RecordView& view = header.view();
  Bytes bytes(view.record_bytes());
  FARM_TRY(const ReadBytes read, store.read(id, view.version(), 0, bytes));
  if (read.size != bytes.size()) return damaged(store, id, "the record is cut short");
  auto record = OwnedRecord::make(std::move(bytes));
  if (!record) return damaged(store, id, record.error().context);
  for (std::size_t i = 0; i < view.size_count(); ++i) {
    const SizeEntry size = view.size_at(i);
    if (!view.verify(size, 0, record.value().bytes_of(size))) {
      return damaged(store, id,
                     std::string("wrong checksum in size ") + static_cast<char>(size.code));
    }
  }
  return record;
}

Result<OwnedSize> read_size(PhotoStore& store, PhotoId id, photo::SizeCode code) {
  FARM_TRY(OwnedRecord header, read_header(store, id));
  const auto size = header.view().find(code);
  if (!size) {
    return fail(ErrorCode::kNotFound, "store",
                "photo " + id.str() + " has no size " + static_cast<char>(code));
  }
  Bytes bytes(size->length);
  FARM_TRY(const ByteView read, read_blocks(store, header.view(), *size, 0, bytes));
  if (read.size() != bytes.size()) {
    return fail(ErrorCode::kInternal, "store", "a size was not read whole");
  }
  return OwnedSize{std::move(header), *size, std::move(bytes)};
}

}  // namespace farm::store
