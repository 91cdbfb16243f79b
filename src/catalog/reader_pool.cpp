#include "catalog/reader_pool.h"

#include <string>
#include <utility>

#include "catalog/sqlite_rows.h"

namespace farm::catalog {
namespace {

std::string select_photos(std::string_view rest) {
  std::string sql = "SELECT ";
  return sql.append(kPhotoColumns).append(" FROM photo WHERE deleting = 0 AND ").append(rest);
}

Result<void> prepare_photo_reads(Reader& reader) {
  Database& db = reader.database;
  FARM_TRY(reader.get, Statement::prepare(db, select_photos("id = ?")));
  FARM_TRY(reader.list_all,
           Statement::prepare(db, select_photos("id < ? ORDER BY id DESC LIMIT ?")));
  FARM_TRY(reader.list_owner,
           Statement::prepare(db, select_photos("id < ? AND owner = ? ORDER BY id DESC LIMIT ?")));
  FARM_TRY(reader.deleting,
           Statement::prepare(db, "SELECT id FROM photo WHERE deleting = 1 ORDER BY id"));
  FARM_TRY(reader.version, Statement::prepare(db, "SELECT version FROM photo WHERE id = ?"));
  FARM_TRY(reader.importing, Statement::prepare(db, "SELECT id FROM importing ORDER BY id"));
  FARM_TRY(reader.tally, Statement::prepare(db, "SELECT value FROM tally WHERE name = ?"));
  return ok();
}

Result<void> prepare_other_reads(Reader& reader) {
  Database& db = reader.database;
  FARM_TRY(reader.find_once,
           Statement::prepare(db,
                              "SELECT request, photo FROM idempotency "
                              "WHERE api_key = ? AND key = ? AND created_ms > ?"));
  FARM_TRY(reader.list_keys,
           Statement::prepare(db, "SELECT name, scopes, created_ms FROM api_key ORDER BY name"));
  FARM_TRY(reader.find_key,
           Statement::prepare(db, "SELECT name, scopes, created_ms FROM api_key WHERE hash = ?"));
  FARM_TRY(reader.fact, Statement::prepare(db, "SELECT value FROM fact WHERE name = ?"));
  return ok();
}

}  // namespace

Result<std::unique_ptr<Reader>> Reader::open(const std::filesystem::path& file,
                                             const Config& config) {
  FARM_TRY(Database opened, Database::open(file, Database::Mode::kRead, config.busy_timeout));
  auto reader = std::make_unique<Reader>(std::move(opened));
  const std::uint64_t kib = config.cache_bytes / (config.readers + 1) / 1024;
  FARM_TRY(
      reader->database.exec("PRAGMA query_only = ON; PRAGMA cell_size_check = ON; "
                            "PRAGMA cache_size = -" +
                            std::to_string(kib)));
  FARM_TRY(prepare_photo_reads(*reader));
  FARM_TRY(prepare_other_reads(*reader));
  return reader;
}

Result<std::unique_ptr<ReaderPool>> ReaderPool::open(const std::filesystem::path& file,
                                                     const Config& config) {
  std::unique_ptr<ReaderPool> pool(new ReaderPool);
  for (std::uint32_t i = 0; i < config.readers; ++i) {
    FARM_TRY(auto reader, Reader::open(file, config));
    pool->free_.push_back(std::move(reader));
  }
  return pool;
}

ReaderPool::Lease ReaderPool::borrow() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return !free_.empty(); });
  std::unique_ptr<Reader> reader = std::move(free_.back());
  free_.pop_back();
  return {*this, std::move(reader)};
}

void ReaderPool::give_back(std::unique_ptr<Reader> reader) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(reader));
  }
  returned_.notify_one();
}

}  // namespace farm::catalog
