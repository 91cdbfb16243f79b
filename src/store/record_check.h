// Checks one whole record at both levels: the checksum of all its bytes, and its own header with
// the checksums of every block of every size.
#pragma once

#include <functional>

#include "store/photo_store.h"

namespace farm::store {

// Reads all of `out` from `offset` of the record.
using ReadRecord = std::function<Result<void>(std::uint64_t offset, MutableByteView out)>;

// kCorrupt, with what is wrong, if the record is not what was stored; the error of `read` if it
// fails. Takes about 2 MiB of memory whatever the record's length.
Result<void> check_record(const StoredRecord& expected, std::uint32_t checksum,
                          const ReadRecord& read);

}  // namespace farm::store
