#include "catalog/sqlite_catalog.h"

#include <limits>
#include <utility>

#include "catalog/group_writer.h"
#include "catalog/reader_pool.h"
#include "catalog/sqlite_db.h"
#include "catalog/sqlite_rows.h"
#include "catalog/sqlite_writes.h"
#include "io/file.h"

namespace farm::catalog {
namespace {

constexpr std::uint32_t kMaxListed = 1001;
constexpr std::size_t kMaxVersionsAsked = 10'000;

KeyRow read_key(const Query& query) {
  KeyRow row;
  row.name = query.text(0);
  row.scopes.bits = static_cast<std::uint8_t>(query.integer(1));
  row.created_ms = query.integer(2);
  return row;
}

Result<std::vector<PhotoId>> read_ids(Statement& statement) {
  Query query(statement);
  std::vector<PhotoId> ids;
  for (;;) {
    FARM_TRY(const bool found, query.step());
    if (!found) return ids;
    ids.push_back(PhotoId{static_cast<std::uint64_t>(query.integer(0))});
  }
}

Result<std::uint64_t> read_tally(Statement& statement, std::string_view name) {
  Query query(statement);
  query.bind(name);
  FARM_TRY(const bool found, query.step());
  return found ? static_cast<std::uint64_t>(query.integer(0)) : 0;
}

class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(std::unique_ptr<io::FileLock> lock, std::unique_ptr<Writes> writes,
                std::unique_ptr<GroupWriter> writer, std::unique_ptr<ReaderPool> readers,
                const Config& config, const Clock& clock)
      : config_(config),
        clock_(clock),
        lock_(std::move(lock)),
        writes_(std::move(writes)),
        writer_(std::move(writer)),
        readers_(std::move(readers)) {}

  Result<void> add(const PhotoRow& row, const std::optional<IdempotencyRow>& once) override;
  Result<void> add_all(std::span<const PhotoRow> rows) override;
  Result<void> advance(const PhotoRow& row) override;
  Result<PhotoRow> patch(PhotoId id, const PhotoPatch& patch) override;
  Result<PhotoRow> get(PhotoId id) override;
  Result<std::vector<PhotoRow>> list(const ListQuery& query) override;
  Result<void> begin_delete(PhotoId id) override;
  Result<void> end_delete(PhotoId id) override;
  Result<std::vector<PhotoId>> deleting() override;
  Result<void> begin_import(PhotoId id) override;
  Result<void> end_import(const PhotoRow& row) override;
  Result<void> drop_import(PhotoId id) override;
  Result<std::vector<PhotoId>> importing() override;
  Result<std::vector<std::uint32_t>> versions(std::span<const PhotoId> ids) override;
  Result<std::optional<IdempotencyRow>> find_idempotent(std::string_view api_key_name,
                                                        std::string_view key) override;
  Result<void> add_key(const KeyRow& row, const Sha256& key_hash) override;
  Result<void> set_key(const KeyRow& row, const Sha256& key_hash) override;
  Result<void> revoke_key(std::string_view name) override;
  Result<std::vector<KeyRow>> list_keys() override;
  Result<std::optional<KeyRow>> find_key(const Sha256& key_hash) override;
  Result<std::optional<std::string>> fact(std::string_view name) override;
  Result<void> set_fact(std::string_view name, std::string_view value) override;
  Result<CatalogStats> stats() override;

 private:
  Millis oldest_kept() const { return clock_.now_ms() - config_.idempotency_keep.count(); }

  // The readers close before the writer, which can then write the whole log back into the file;
  // the lock goes last.
  const Config config_;
  const Clock& clock_;
  std::unique_ptr<io::FileLock> lock_;
  std::unique_ptr<Writes> writes_;
  std::unique_ptr<GroupWriter> writer_;
  std::unique_ptr<ReaderPool> readers_;
};

Result<void> SqliteCatalog::add(const PhotoRow& row, const std::optional<IdempotencyRow>& once) {
  FARM_TRY(check_photo(row));
  const Millis now = clock_.now_ms();
  return writer_->run([&]() -> Result<void> {
    FARM_TRY(writes_->add(row));
    if (!once) return ok();
    return writes_->add_once(*once, now, oldest_kept());
  });
}

Result<void> SqliteCatalog::add_all(std::span<const PhotoRow> rows) {
  for (const PhotoRow& row : rows) {
    FARM_TRY(check_photo(row));
  }
  return writer_->run([&]() -> Result<void> {
    for (const PhotoRow& row : rows) {
      FARM_TRY(writes_->add(row));
    }
    return ok();
  });
}

Result<void> SqliteCatalog::advance(const PhotoRow& row) {
  FARM_TRY(check_photo(row));
  return writer_->run([&] { return writes_->advance(row); });
}

Result<PhotoRow> SqliteCatalog::patch(PhotoId id, const PhotoPatch& patch) {
  FARM_TRY(check_patch(patch));
  PhotoRow row;
  FARM_TRY(writer_->run([&]() -> Result<void> {
    FARM_TRY(row, writes_->patch(id, patch));
    return ok();
  }));
  return row;
}

Result<PhotoRow> SqliteCatalog::get(PhotoId id) {
  const auto reader = readers_->borrow();
  Query query(reader->get);
  query.bind(id.value);
  FARM_TRY(const bool found, query.step());
  if (!found) return fail(no_photo(id));
  return read_photo(query);
}

Result<std::vector<PhotoRow>> SqliteCatalog::list(const ListQuery& wanted) {
  if (wanted.limit < 1 || wanted.limit > kMaxListed) {
    return fail(ErrorCode::kInvalidArgument, "catalog", "limit must be 1 to 1001");
  }
  const auto reader = readers_->borrow();
  Query query(wanted.owner ? reader->list_owner : reader->list_all);
  query.bind(wanted.before ? static_cast<std::int64_t>(wanted.before->value)
                           : std::numeric_limits<std::int64_t>::max());
  if (wanted.owner) query.bind(std::string_view(*wanted.owner));
  query.bind(wanted.limit);
  std::vector<PhotoRow> rows;
  for (;;) {
    FARM_TRY(const bool found, query.step());
    if (!found) return rows;
    FARM_TRY(PhotoRow row, read_photo(query));
    rows.push_back(std::move(row));
  }
}

Result<void> SqliteCatalog::begin_delete(PhotoId id) {
  return writer_->run([&] { return writes_->begin_delete(id); });
}

Result<void> SqliteCatalog::end_delete(PhotoId id) {
  return writer_->run([&] { return writes_->end_delete(id); });
}

Result<std::vector<PhotoId>> SqliteCatalog::deleting() {
  const auto reader = readers_->borrow();
  return read_ids(reader->deleting);
}

Result<void> SqliteCatalog::begin_import(PhotoId id) {
  return writer_->run([&] { return writes_->begin_import(id); });
}

Result<void> SqliteCatalog::end_import(const PhotoRow& row) {
  FARM_TRY(check_photo(row));
  return writer_->run([&]() -> Result<void> {
    FARM_TRY(writes_->add(row));
    return writes_->drop_import(row.id);
  });
}

Result<void> SqliteCatalog::drop_import(PhotoId id) {
  return writer_->run([&] { return writes_->drop_import(id); });
}

Result<std::vector<PhotoId>> SqliteCatalog::importing() {
  const auto reader = readers_->borrow();
  return read_ids(reader->importing);
}

Result<std::vector<std::uint32_t>> SqliteCatalog::versions(std::span<const PhotoId> ids) {
  if (ids.size() > kMaxVersionsAsked) {
    return fail(ErrorCode::kInvalidArgument, "catalog", "at most 10,000 ids at once");
  }
  const auto reader = readers_->borrow();
  std::vector<std::uint32_t> versions;
  versions.reserve(ids.size());
  for (const PhotoId id : ids) {
    Query query(reader->version);
    query.bind(id.value);
    FARM_TRY(const bool found, query.step());
    versions.push_back(found ? static_cast<std::uint32_t>(query.integer(0)) : 0);
  }
  return versions;
}

Result<std::optional<IdempotencyRow>> SqliteCatalog::find_idempotent(std::string_view api_key_name,
                                                                     std::string_view key) {
  const auto reader = readers_->borrow();
  Query query(reader->find_once);
  query.bind(api_key_name).bind(key).bind(oldest_kept());
  FARM_TRY(const bool found, query.step());
  std::optional<IdempotencyRow> row;
  if (!found) return row;
  row.emplace();
  row->api_key_name = api_key_name;
  row->key = key;
  FARM_TRY(row->request, read_hash(query.blob(0)));
  row->photo.value = static_cast<std::uint64_t>(query.integer(1));
  return row;
}

Result<void> SqliteCatalog::add_key(const KeyRow& row, const Sha256& key_hash) {
  return writer_->run([&] { return writes_->add_key(row, key_hash); });
}

Result<void> SqliteCatalog::set_key(const KeyRow& row, const Sha256& key_hash) {
  return writer_->run([&] { return writes_->set_key(row, key_hash); });
}

Result<void> SqliteCatalog::revoke_key(std::string_view name) {
  return writer_->run([&] { return writes_->revoke_key(name); });
}

Result<std::vector<KeyRow>> SqliteCatalog::list_keys() {
  const auto reader = readers_->borrow();
  Query query(reader->list_keys);
  std::vector<KeyRow> rows;
  for (;;) {
    FARM_TRY(const bool found, query.step());
    if (!found) return rows;
    rows.push_back(read_key(query));
  }
}

Result<std::optional<KeyRow>> SqliteCatalog::find_key(const Sha256& key_hash) {
  const auto reader = readers_->borrow();
  Query query(reader->find_key);
  query.bind(ByteView(key_hash));
  FARM_TRY(const bool found, query.step());
  std::optional<KeyRow> row;
  if (found) row = read_key(query);
  return row;
}

Result<std::optional<std::string>> SqliteCatalog::fact(std::string_view name) {
  const auto reader = readers_->borrow();
  Query query(reader->fact);
  query.bind(name);
  FARM_TRY(const bool found, query.step());
  std::optional<std::string> value;
  if (found) value = query.text(0);
  return value;
}

Result<void> SqliteCatalog::set_fact(std::string_view name, std::string_view value) {
  return writer_->run([&] { return writes_->set_fact(name, value); });
}

Result<CatalogStats> SqliteCatalog::stats() {
  const auto reader = readers_->borrow();
  CatalogStats stats;
  FARM_TRY(stats.photos, read_tally(reader->tally, "photos"));
  FARM_TRY(stats.added, read_tally(reader->tally, "added"));
  stats.commits = writer_->commits();
  stats.writes = writer_->writes();
  return stats;
}

// The file is made before SQLite sees it: empty, for this user alone, and durably there.
Result<void> make_file(const std::filesystem::path& file) {
  io::FileSystem& files = io::posix_file_system();
  FARM_TRY(const bool there, files.exists(file));
  if (there) return ok();
  FARM_TRY(files.open(file, io::OpenMode::kCreateNew));
  std::error_code error;
  using std::filesystem::perms;
  std::filesystem::permissions(file, perms::owner_read | perms::owner_write, error);
  if (error) {
    return fail(errno_error(error.value(), "catalog", "cannot protect " + file.string()));
  }
  return files.sync_directory(file.parent_path());
}

}  // namespace

Result<std::unique_ptr<Catalog>> open_sqlite_catalog(const std::filesystem::path& file,
                                                     const Config& config, const Clock& clock) {
  const std::filesystem::path path = std::filesystem::absolute(file);
  io::FileSystem& files = io::posix_file_system();
  FARM_TRY(files.make_directories(path.parent_path()));
  FARM_TRY(auto lock, files.lock(path.string() + ".lock"));
  FARM_TRY(make_file(path));
  FARM_TRY(auto writes, Writes::open(path, config));
  FARM_TRY(files.sync_directory(path.parent_path()));
  FARM_TRY(auto writer,
           GroupWriter::start(writes->database(), {config.write_queue, config.write_batch}));
  FARM_TRY(auto readers, ReaderPool::open(path, config));
  return std::unique_ptr<Catalog>(std::make_unique<SqliteCatalog>(
      std::move(lock), std::move(writes), std::move(writer), std::move(readers), config, clock));
}

}  // namespace farm::catalog
