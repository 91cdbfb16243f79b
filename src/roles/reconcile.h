// What a crash between the store and the catalog left is put right at start, before requests are
// taken:
//   a record without a row     was never acknowledged: it is removed, if the catalog is surely the
//                              one that ran last (catalog_session.h); else it gets a row, or the
//                              start is refused
//   a record that was being imported gets its row
//   a record newer than its row was not acknowledged either, but is whole: the row catches up
//   a row marked for deletion  its record is removed, then the row
// A row without a record can't come from a crash. It is reported, never repaired: the record may be
// on a disk that is missing. Nor does a record without a row that cannot be read: it is kept.
#pragma once

#include <cstdint>

#include "roles/catalog_session.h"
#include "roles/photo_writer.h"
#include "roles/services.h"

namespace farm::roles {

struct Reconciled {
  std::uint64_t records = 0;
  std::uint64_t orphans_removed = 0;
  std::uint64_t orphans_kept = 0;  // damaged ones
  std::uint64_t rows_added = 0;    // for imports, and for records from before there were ties
  std::uint64_t rows_caught_up = 0;
  std::uint64_t deletions_finished = 0;
  std::uint64_t rows_without_record = 0;
  PhotoId newest;  // the greatest id there is
};

// A crash leaves no more records without a row than uploads were under way. Finding more means that
// the catalog is not this store's: kConflict, and nothing is touched.
inline constexpr std::uint64_t kMaxOrphans = 1024;

// Finishes an import that the catalog noted: true if its record is there and has a row now.
Result<bool> settle_import(Services& services, PhotoId id);

// Blocking; nothing else may use the store or the catalog meanwhile.
Result<Reconciled> reconcile(Services& services, PhotoWriter& writer, Tie tie);

}  // namespace farm::roles
