#include "roles/reconcile.h"

#include <algorithm>
#include <set>
#include <vector>

#include "obs/log.h"
#include "roles/record_row.h"

namespace farm::roles {
namespace {

constexpr std::size_t kBatch = 10'000;

struct Findings {
  std::set<PhotoId> importing;  // as the catalog noted them
  std::vector<PhotoId> orphans;
  std::vector<PhotoId> behind;  // rows older than their record
  std::uint64_t orphan_count = 0;
  std::uint64_t matched = 0;
  std::uint64_t records = 0;
  PhotoId newest;
};

Result<void> compare(catalog::Catalog& catalog, std::span<const store::StoredRecord> records,
                     Findings& findings) {
  std::vector<PhotoId> ids;
  ids.reserve(records.size());
  for (const store::StoredRecord& record : records) ids.push_back(record.id);
  FARM_TRY(const std::vector<std::uint32_t> versions, catalog.versions(ids));
  for (std::size_t i = 0; i < records.size(); ++i) {
    findings.newest = std::max(findings.newest, records[i].id);
    if (versions[i] == 0) {
      if (findings.importing.contains(records[i].id)) continue;
      ++findings.orphan_count;
      if (findings.orphans.size() < kMaxOrphans) findings.orphans.push_back(records[i].id);
      continue;
    }
    ++findings.matched;
    if (versions[i] < records[i].version) findings.behind.push_back(records[i].id);
  }
  findings.records += records.size();
  return ok();
}

Result<Findings> find_differences(Services& services) {
  Findings findings;
  FARM_TRY(const std::vector<PhotoId> importing, services.catalog.importing());
  findings.importing.insert(importing.begin(), importing.end());
  std::vector<store::StoredRecord> batch;
  batch.reserve(kBatch);
  FARM_TRY(services.store.scan([&](const store::StoredRecord& record) -> Result<void> {
    batch.push_back(record);
    if (batch.size() < kBatch) return ok();
    FARM_TRY(compare(services.catalog, batch, findings));
    batch.clear();
    return ok();
  }));
  FARM_TRY(compare(services.catalog, batch, findings));
  return findings;
}

// Whether what was found can come from a crash, as far as the tie tells.
Result<void> check_orphans(const Findings& findings, Tie tie) {
  const bool none_known = findings.matched == 0 && findings.orphan_count > 0;
  const bool wrong = findings.orphan_count > kMaxOrphans ||
                     (tie == Tie::kFileMissing && findings.orphan_count > 0) ||
                     (tie == Tie::kNeverMade && none_known);
  if (!wrong) return ok();
  return fail(ErrorCode::kConflict, "roles",
              std::to_string(findings.orphan_count) + " of " + std::to_string(findings.records) +
                  " photos in the store are missing from the catalog, which a crash does not "
                  "explain: this catalog is lost or older than the store. Nothing was changed. Put "
                  "the right catalog.sqlite back and start again, or run `photofarm reindex`, "
                  "which makes the missing rows from the photos themselves");
}

// A leftover of a crash is whole: what cannot be read is something else, and stays.
Result<void> settle_orphan(Services& services, PhotoId id, Tie tie, Reconciled& done) {
  const auto row = stored_row(services.store, id);
  if (!row) {
    obs::log_error("a record without a row cannot be read and is kept",
                   {{"photo", id}, {"error", row.error().message()}});
    ++done.orphans_kept;
    return ok();
  }
  if (tie == Tie::kHolds) {
    FARM_TRY(services.store.remove(id));
    ++done.orphans_removed;
    return ok();
  }
  FARM_TRY(services.catalog.add(row.value(), {}));
  ++done.rows_added;
  return ok();
}

}  // namespace

Result<bool> settle_import(Services& services, PhotoId id) {
  FARM_TRY(const auto versions, services.catalog.versions({&id, 1}));
  if (versions[0] != 0 || !services.store.find(id)) {
    FARM_TRY(services.catalog.drop_import(id));
    return false;
  }
  const auto row = stored_row(services.store, id);
  if (!row) {
    obs::log_error("an imported record cannot be read",
                   {{"photo", id}, {"error", row.error().message()}});
    return false;
  }
  FARM_TRY(services.catalog.end_import(row.value()));
  return true;
}

Result<Reconciled> reconcile(Services& services, PhotoWriter& writer, Tie tie) {
  FARM_TRY(const std::vector<PhotoId> deleting, services.catalog.deleting());
  FARM_TRY(const Findings findings, find_differences(services));
  FARM_TRY(check_orphans(findings, tie));

  Reconciled done;
  done.records = findings.records;
  done.newest = findings.newest;
  for (const PhotoId id : deleting) {
    FARM_TRY(writer.remove(id));
    ++done.deletions_finished;
  }
  for (const PhotoId id : findings.importing) {
    FARM_TRY(const bool added, settle_import(services, id));
    if (added) ++done.rows_added;
  }
  for (const PhotoId id : findings.orphans) {
    FARM_TRY(settle_orphan(services, id, tie, done));
  }
  for (const PhotoId id : findings.behind) {
    auto row = services.catalog.get(id);
    if (!row && row.error().code == ErrorCode::kNotFound) continue;  // it was being deleted
    if (!row) return fail(std::move(row).error());
    FARM_TRY(writer.catch_up(row.value()));
    ++done.rows_caught_up;
  }
  FARM_TRY(const catalog::CatalogStats stats, services.catalog.stats());
  const std::uint64_t matched = findings.matched + done.rows_added;
  const std::uint64_t whole = matched - std::min(matched, done.deletions_finished);
  done.rows_without_record = stats.photos > whole ? stats.photos - whole : 0;
  return done;
}

}  // namespace farm::roles
