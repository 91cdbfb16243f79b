// What a crash between the store and the catalog left is put right at start, before requests are
// taken:
//   a record without a row     was never acknowledged: it is removed
//   a record newer than its row was not acknowledged either, but is whole: the row catches up
//   a row marked for deletion  its record is removed, then the row
// A row without a record can't come from a crash. It is reported, never repaired: the record may be
// on a disk that is missing.
#pragma once

#include <cstdint>

#include "roles/photo_writer.h"
#include "roles/services.h"

namespace farm::roles {

struct Reconciled {
  std::uint64_t records = 0;
  std::uint64_t orphans_removed = 0;
  std::uint64_t rows_caught_up = 0;
  std::uint64_t deletions_finished = 0;
  std::uint64_t rows_without_record = 0;
  PhotoId newest;  // the greatest id there is
};

// A crash leaves no more records without a row than uploads were under way. Finding more means that
// the catalog is not this store's (lost, or an old backup): kConflict, and nothing is touched.
inline constexpr std::uint64_t kMaxOrphans = 1024;

// Blocking; nothing else may use the store or the catalog meanwhile.
Result<Reconciled> reconcile(Services& services, PhotoWriter& writer);

}  // namespace farm::roles
