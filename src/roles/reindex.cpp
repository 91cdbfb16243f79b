#include "roles/reindex.h"

#include <algorithm>

#include "roles/reconcile.h"
#include "roles/record_row.h"

namespace farm::roles {
namespace {

using catalog::PhotoRow;
using store::StoredRecord;

constexpr std::size_t kBatch = 2'000;   // records looked at, and rows committed, together
constexpr std::uint32_t kPage = 1'000;  // rows looked at together
constexpr std::size_t kReportEvery = 100;

class Reindexer {
 public:
  Reindexer(Services& services, PhotoWriter& writer, const ReindexProgress& progress)
      : services_(services),
        writer_(writer),
        progress_(progress),
        total_(services.store.stats().photos) {}

  Result<Reindexed> run() {
    FARM_TRY(finish_begun());
    std::vector<StoredRecord> batch;
    FARM_TRY(services_.store.scan([&](const StoredRecord& record) -> Result<void> {
      batch.push_back(record);
      if (batch.size() < kBatch) return ok();
      FARM_TRY(settle(batch));
      batch.clear();
      return ok();
    }));
    FARM_TRY(settle(batch));
    FARM_TRY(look_for_rows_without_record());
    return std::move(done_);
  }

 private:
  Result<void> finish_begun() {
    FARM_TRY(const std::vector<PhotoId> deleting, services_.catalog.deleting());
    for (const PhotoId id : deleting) {
      FARM_TRY(writer_.remove(id));
      ++done_.deletions_finished;
    }
    FARM_TRY(const std::vector<PhotoId> importing, services_.catalog.importing());
    for (const PhotoId id : importing) {
      FARM_TRY(const bool added, settle_import(services_, id));
      if (added) ++done_.rows_added;
    }
    return ok();
  }

  Result<void> settle(std::vector<StoredRecord>& records) {
    // Ids grow with time, and so do places on the disk.
    std::ranges::sort(records, {}, &StoredRecord::id);
    std::vector<PhotoId> ids;
    for (const StoredRecord& record : records) ids.push_back(record.id);
    FARM_TRY(const std::vector<std::uint32_t> versions, services_.catalog.versions(ids));
    std::vector<PhotoRow> missing;
    for (std::size_t i = 0; i < records.size(); ++i) {
      FARM_TRY(settle_one(records[i], versions[i], missing));
      ++done_.records;
      if (progress_ && done_.records % kReportEvery == 0) progress_(done_.records, total_);
    }
    done_.rows_added += missing.size();
    return services_.catalog.add_all(missing);
  }

  Result<void> settle_one(const StoredRecord& record, std::uint32_t row_version,
                          std::vector<PhotoRow>& missing) {
    if (row_version == record.version) return ok();
    if (row_version > record.version) {
      ++done_.rows_ahead;
      if (done_.ahead.size() < kMaxReindexNamed) done_.ahead.push_back(record.id);
      return ok();
    }
    auto row = stored_row(services_.store, record.id);
    if (!row) {
      note_unreadable(record.id, row.error());
      return ok();
    }
    if (row_version == 0) {
      missing.push_back(std::move(row).value());
      return ok();
    }
    ++done_.rows_caught_up;
    return services_.catalog.advance(row.value());  // keeps the catalog's own labels
  }

  void note_unreadable(PhotoId id, const Error& error) {
    ++done_.records_unreadable;
    if (done_.unreadable.size() < kMaxReindexNamed) {
      done_.unreadable.push_back("photo " + id.str() + ": " + error.message());
    }
  }

  Result<void> look_for_rows_without_record() {
    catalog::ListQuery query;
    query.limit = kPage;
    for (;;) {
      FARM_TRY(const std::vector<PhotoRow> rows, services_.catalog.list(query));
      for (const PhotoRow& row : rows) {
        if (services_.store.find(row.id)) continue;
        ++done_.rows_without_record;
        if (done_.without_record.size() < kMaxReindexNamed) done_.without_record.push_back(row.id);
      }
      if (rows.size() < kPage) return ok();
      query.before = rows.back().id;
    }
  }

  Services& services_;
  PhotoWriter& writer_;
  const ReindexProgress& progress_;
  const std::uint64_t total_;
  Reindexed done_;
};

}  // namespace

Result<Reindexed> reindex(Services& services, PhotoWriter& writer,
                          const ReindexProgress& progress) {
  return Reindexer(services, writer, progress).run();
}

}  // namespace farm::roles
