#include "roles/reconcile.h"

#include <algorithm>
#include <vector>

namespace farm::roles {
namespace {

constexpr std::size_t kBatch = 10'000;

struct Findings {
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

auto wrong_catalog(std::uint64_t orphans) {
  return fail(ErrorCode::kConflict, "roles",
              std::to_string(orphans) +
                  " photos in the store are missing from the catalog: more than a crash can leave, "
                  "so this catalog is lost or older than the store. Nothing was changed. Put the "
                  "right catalog.sqlite back from a backup and start again");
}

}  // namespace

Result<Reconciled> reconcile(Services& services, PhotoWriter& writer) {
  FARM_TRY(const std::vector<PhotoId> deleting, services.catalog.deleting());
  FARM_TRY(const Findings findings, find_differences(services));
  if (findings.orphan_count > kMaxOrphans) return wrong_catalog(findings.orphan_count);

  Reconciled done;
  done.records = findings.records;
  done.newest = findings.newest;
  for (const PhotoId id : deleting) {
    FARM_TRY(writer.remove(id));
    ++done.deletions_finished;
  }
  for (const PhotoId id : findings.orphans) {
    FARM_TRY(services.store.remove(id));
    ++done.orphans_removed;
  }
  for (const PhotoId id : findings.behind) {
    auto row = services.catalog.get(id);
    if (!row && row.error().code == ErrorCode::kNotFound) continue;  // it was being deleted
    if (!row) return fail(std::move(row).error());
    FARM_TRY(writer.catch_up(row.value()));
    ++done.rows_caught_up;
  }
  FARM_TRY(const catalog::CatalogStats stats, services.catalog.stats());
  const std::uint64_t whole =
      findings.matched - std::min<std::uint64_t>(findings.matched, done.deletions_finished);
  done.rows_without_record = stats.photos > whole ? stats.photos - whole : 0;
  return done;
}

}  // namespace farm::roles
