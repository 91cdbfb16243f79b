// Reads records out of a PhotoStore and checks every byte against its checksum on the way: what
// these functions return is what was put, or an error. Bad bytes are kCorrupt and are reported to
// the store; kConflict means that the photo got a new version meanwhile: begin again.
//
// The try_ forms never wait for a disk and give nothing if they would have to; they are for network
// threads, and allocate nothing. The others block. Thread-safe.
#pragma once

#include <memory>
#include <optional>

#include "photo/record.h"
#include "store/photo_store.h"

namespace farm::store {

// A header in the caller's buffer, and whatever of the record was read with it.
struct RecordPrefix {
  photo::RecordView view;
  ByteView bytes;  // the record's first bytes, at least the header
};

// How many of a record's first bytes to read: as far as a size reaches, if the store knows that of
// this photo (PhotoStore::reach()), else so many bytes.
struct Window {
  std::size_t bytes = 0;
  std::optional<photo::SizeCode> up_to = {};
};

// Reads the first bytes (or the whole header, if that is longer) into `buffer`, which must be large
// enough for a header: kTooLarge if it does not fit. One read, where the window covers the header.
Result<RecordPrefix> read_prefix(PhotoStore& store, PhotoId id, std::size_t window,
                                 MutableByteView buffer);
std::optional<Result<RecordPrefix>> try_read_prefix(PhotoStore& store, PhotoId id, Window window,
                                                    MutableByteView buffer);

// All of a size's bytes if they lie in the prefix, else nothing.
std::optional<Result<ByteView>> size_in_prefix(PhotoStore& store, const RecordPrefix& prefix,
                                               const photo::SizeEntry& size);

// A size's bytes from block `block` (of photo::kRecordBlockBytes) on, as many whole blocks as fit
// into `buffer`, which has room for one at least.
Result<ByteView> read_blocks(PhotoStore& store, const photo::RecordView& view,
                             const photo::SizeEntry& size, std::uint64_t block,
                             MutableByteView buffer);
std::optional<Result<ByteView>> try_read_blocks(PhotoStore& store, const photo::RecordView& view,
                                                const photo::SizeEntry& size, std::uint64_t block,
                                                MutableByteView buffer);

// Bytes of a record in memory of their own. Movable.
class OwnedRecord {
 public:
  // `bytes` hold the header at least.
  static Result<OwnedRecord> make(Bytes bytes);
  const photo::RecordView& view() const { return view_; }
  // A size that was read; the view lives as long as this.
  ByteView bytes_of(const photo::SizeEntry& size) const {
    return ByteView(bytes_).subspan(size.offset, size.length);
  }

 private:
  OwnedRecord(Bytes bytes, photo::RecordView view) : bytes_(std::move(bytes)), view_(view) {}
  Bytes bytes_;
  photo::RecordView view_;  // into bytes_, whose memory a move keeps
};

Result<OwnedRecord> read_header(PhotoStore& store, PhotoId id);  // bytes_of() is not for this one
Result<OwnedRecord> read_record(PhotoStore& store, PhotoId id);  // every byte, checked

// One size, whole and checked. kNotFound if the record has no such size.
struct OwnedSize {
  OwnedRecord header;
  photo::SizeEntry size;
  Bytes bytes;
};
Result<OwnedSize> read_size(PhotoStore& store, PhotoId id, photo::SizeCode code);

}  // namespace farm::store
