#include "store/record_check.h"

#include <algorithm>

#include "base/checksum.h"
#include "photo/record.h"

namespace farm::store {
namespace {

constexpr std::size_t kStepBytes = 16 * photo::kRecordBlockBytes;

auto corrupt(std::string what) { return fail(ErrorCode::kCorrupt, "store", std::move(what)); }

Result<Bytes> read_header(const StoredRecord& expected, const ReadRecord& read) {
  if (expected.bytes < photo::kRecordPreludeBytes) return corrupt("it is too short for a record");
  Bytes header(photo::kRecordPreludeBytes);
  FARM_TRY(read(0, header));
  FARM_TRY(const std::size_t length, photo::record_header_length(header));
  if (length > expected.bytes) return corrupt("its header is longer than the record");
  header.resize(length);
  FARM_TRY(read(0, header));
  return header;
}

// The sizes follow one another without a gap, so that their steps cover the record's bytes in
// order.
Result<void> check_size(const photo::RecordView& record, const photo::SizeEntry& size,
                        const ReadRecord& read, Bytes& buffer, std::uint32_t& checksum) {
  for (std::uint64_t done = 0; done < size.length;) {
    const MutableByteView step = MutableByteView(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(size.length - done, kStepBytes)));
    FARM_TRY(read(size.offset + done, step));
    if (!record.verify(size, done / photo::kRecordBlockBytes, step)) {
      return corrupt(std::string("size ") + static_cast<char>(size.code) +
                     " does not match its checksums");
    }
    checksum = crc32c(step, checksum);
    done += step.size();
  }
  return ok();
}

}  // namespace

Result<void> check_record(const StoredRecord& expected, std::uint32_t checksum,
                          const ReadRecord& read) {
  FARM_TRY(const Bytes header, read_header(expected, read));
  FARM_TRY(const photo::RecordView record, photo::RecordView::parse(header));
  if (record.id() != expected.id || record.version() != expected.version ||
      record.record_bytes() != expected.bytes) {
    return corrupt("it is another photo's record");
  }
  std::uint32_t found = crc32c(header);
  Bytes buffer(kStepBytes);
  for (std::size_t i = 0; i < record.size_count(); ++i) {
    FARM_TRY(check_size(record, record.size_at(i), read, buffer, found));
  }
  if (found != checksum)
    return corrupt("its bytes do not match the checksum they were stored with");
  return ok();
}

}  // namespace farm::store
