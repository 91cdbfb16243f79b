// Makes the catalog anew from what the store's records carry: a row for every record without one,
// rows behind their record brought up to it, deletions and imports that were begun finished. It
// never removes a record but of a photo whose deletion was begun. Running it again, or after it was
// cut short, does what is left.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "roles/photo_writer.h"
#include "roles/services.h"

namespace farm::roles {

inline constexpr std::size_t kMaxReindexNamed = 100;

struct Reindexed {
  std::uint64_t records = 0;
  std::uint64_t rows_added = 0;
  std::uint64_t rows_caught_up = 0;
  std::uint64_t deletions_finished = 0;
  // Rows that the store cannot serve; the first kMaxReindexNamed of each are named.
  std::uint64_t rows_without_record = 0;
  std::vector<PhotoId> without_record;
  std::uint64_t rows_ahead = 0;  // of a record of an earlier version
  std::vector<PhotoId> ahead;
  // Records whose header cannot be read, and so have no row.
  std::uint64_t records_unreadable = 0;
  std::vector<std::string> unreadable;  // "photo 714…: why"
};

// `progress` is called now and then with the records done and how many there are.
using ReindexProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Blocking; nothing else may use the store or the catalog meanwhile.
Result<Reindexed> reindex(Services& services, PhotoWriter& writer, const ReindexProgress& progress);

}  // namespace farm::roles
