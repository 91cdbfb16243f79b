#include "catalog/sqlite_writes.h"

#include <algorithm>
#include <string>

#include "catalog/sqlite_rows.h"
#include "catalog/sqlite_schema.h"

namespace farm::catalog {
namespace {

// The log is written back into the file after this many pages, so it stays near 4 MiB, and is cut
// to the limit should it ever have grown far beyond.
constexpr const char* kWriterPragmas =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA wal_autocheckpoint = 1000;"
    "PRAGMA journal_size_limit = 67108864;";

constexpr std::string_view kAdd =
    "INSERT INTO photo (id, version, server, format, width, height, created_ms, changed_ms, "
    "secret, original_secret, sizes, taken_at, camera, dominant_color, thumb_hash, visibility, "
    "owner, title) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

constexpr std::string_view kAdvance =
    "UPDATE photo SET version = ?2, server = ?3, format = ?4, width = ?5, height = ?6, "
    "created_ms = ?7, changed_ms = ?8, secret = ?9, original_secret = ?10, sizes = ?11, "
    "taken_at = ?12, camera = ?13, dominant_color = ?14, thumb_hash = ?15 "
    "WHERE id = ?1 AND deleting = 0 AND version < ?2";

constexpr std::string_view kPatch =
    "UPDATE photo SET owner = coalesce(?, owner), title = coalesce(?, title), "
    "visibility = coalesce(?, visibility) WHERE id = ? AND deleting = 0 RETURNING ";

// A row that is old enough to be forgotten makes way.
constexpr std::string_view kAddOnce =
    "INSERT INTO idempotency (api_key, key, request, photo, created_ms) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (api_key, key) DO UPDATE SET request = excluded.request, photo = excluded.photo, "
    "created_ms = excluded.created_ms WHERE idempotency.created_ms <= ?";

// More than one for each that is added, so that the table shrinks to what is kept.
constexpr std::string_view kPruneOnce =
    "DELETE FROM idempotency WHERE (api_key, key) IN "
    "(SELECT api_key, key FROM idempotency WHERE created_ms <= ? ORDER BY created_ms LIMIT 4)";

constexpr std::string_view kSetKey =
    "INSERT INTO api_key (name, hash, scopes, created_ms) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, scopes = excluded.scopes, "
    "created_ms = excluded.created_ms";

void bind_key(Query& query, const KeyRow& row, const Sha256& key_hash) {
  query.bind(std::string_view(row.name))
      .bind(ByteView(key_hash))
      .bind(row.scopes.bits)
      .bind(row.created_ms);
}

void bind_optional(Query& query, const std::optional<std::string>& text) {
  text ? query.bind(std::string_view(*text)) : query.bind_null();
}

// `what` is there already; other errors pass as they are.
Result<void> conflict_as(Result<void> result, std::string what) {
  if (result || result.error().code != ErrorCode::kConflict) return result;
  return fail(ErrorCode::kConflict, "catalog", std::move(what));
}

}  // namespace

Error no_photo(PhotoId id) {
  return make_error(ErrorCode::kNotFound, "catalog", "no photo " + id.str());
}

Result<void> check_patch(const PhotoPatch& patch) {
  if (patch.owner && patch.owner->size() > photo::kMaxOwnerBytes) {
    return fail(ErrorCode::kInvalidArgument, "catalog", "owner is over 255 bytes");
  }
  if (patch.title && patch.title->size() > photo::kMaxTitleBytes) {
    return fail(ErrorCode::kInvalidArgument, "catalog", "title is over 1000 bytes");
  }
  return ok();
}

Result<Sha256> read_hash(ByteView bytes) {
  Sha256 hash;
  if (bytes.size() != hash.size()) {
    return fail(ErrorCode::kCorrupt, "catalog", "a hash has the wrong length");
  }
  std::ranges::copy(bytes, hash.begin());
  return hash;
}

Result<std::unique_ptr<Writes>> Writes::open(const std::filesystem::path& file,
                                             const Config& config) {
  FARM_TRY(Database database,
           Database::open(file, Database::Mode::kReadWrite, config.busy_timeout));
  std::unique_ptr<Writes> writes(new Writes(std::move(database)));
  Database& db = writes->database_;
  FARM_TRY(db.exec(kWriterPragmas));
  const std::uint64_t kib = config.cache_bytes / (config.readers + 1) / 1024;
  FARM_TRY(db.exec("PRAGMA cache_size = -" + std::to_string(kib)));
  if (config.max_bytes != 0) {
    FARM_TRY(const std::int64_t page, db.integer("PRAGMA page_size"));
    const std::uint64_t pages = config.max_bytes / static_cast<std::uint64_t>(page);
    FARM_TRY(db.exec("PRAGMA max_page_count = " + std::to_string(pages)));
  }
  FARM_TRY(migrate(db));
  FARM_TRY(writes->prepare());
  return writes;
}

Result<void> Writes::prepare() {
  Database& db = database_;
  FARM_TRY(add_, Statement::prepare(db, kAdd));
  FARM_TRY(advance_, Statement::prepare(db, kAdvance));
  FARM_TRY(version_,
           Statement::prepare(db, "SELECT version FROM photo WHERE id = ? AND deleting = 0"));
  FARM_TRY(patch_, Statement::prepare(db, std::string(kPatch).append(kPhotoColumns)));
  FARM_TRY(begin_delete_, Statement::prepare(db, "UPDATE photo SET deleting = 1 WHERE id = ?"));
  FARM_TRY(end_delete_, Statement::prepare(db, "DELETE FROM photo WHERE id = ? AND deleting = 1"));
  FARM_TRY(begin_import_,
           Statement::prepare(db, "INSERT INTO importing (id) VALUES (?) ON CONFLICT DO NOTHING"));
  FARM_TRY(drop_import_, Statement::prepare(db, "DELETE FROM importing WHERE id = ?"));
  FARM_TRY(add_once_, Statement::prepare(db, kAddOnce));
  FARM_TRY(prune_once_, Statement::prepare(db, kPruneOnce));
  FARM_TRY(add_key_,
           Statement::prepare(
               db, "INSERT INTO api_key (name, hash, scopes, created_ms) VALUES (?, ?, ?, ?)"));
  FARM_TRY(set_key_, Statement::prepare(db, kSetKey));
  FARM_TRY(revoke_key_, Statement::prepare(db, "DELETE FROM api_key WHERE name = ?"));
  FARM_TRY(forget_once_, Statement::prepare(db, "DELETE FROM idempotency WHERE api_key = ?"));
  FARM_TRY(set_fact_,
           Statement::prepare(db,
                              "INSERT INTO fact (name, value) VALUES (?, ?) "
                              "ON CONFLICT (name) DO UPDATE SET value = excluded.value"));
  return ok();
}

// How many rows the query changed.
Result<std::int64_t> Writes::changed(Query& query) {
  FARM_TRY(query.run());
  return database_.changed_rows();
}

Result<void> Writes::add(const PhotoRow& row) {
  const Bytes sizes = encode_sizes(row.sizes);
  Query query(add_);
  bind_version(query, row, sizes);
  bind_labels(query, row);
  return conflict_as(query.run(), "photo " + row.id.str() + " is there already");
}

Result<void> Writes::advance(const PhotoRow& row) {
  const Bytes sizes = encode_sizes(row.sizes);
  Query query(advance_);
  bind_version(query, row, sizes);
  FARM_TRY(const std::int64_t rows, changed(query));
  if (rows == 1) return ok();
  Query stored(version_);
  stored.bind(row.id.value);
  FARM_TRY(const bool found, stored.step());
  if (!found) return fail(no_photo(row.id));
  return fail(ErrorCode::kConflict, "catalog",
              "photo " + row.id.str() + " has version " + std::to_string(stored.integer(0)) +
                  ", which " + std::to_string(row.version) + " does not follow");
}

Result<PhotoRow> Writes::patch(PhotoId id, const PhotoPatch& patch) {
  Query query(patch_);
  bind_optional(query, patch.owner);
  bind_optional(query, patch.title);
  patch.visibility ? query.bind(static_cast<int>(*patch.visibility)) : query.bind_null();
  query.bind(id.value);
  FARM_TRY(const bool found, query.step());
  if (!found) return fail(no_photo(id));
  FARM_TRY(PhotoRow row, read_photo(query));
  FARM_TRY(query.run());
  return row;
}

Result<void> Writes::begin_delete(PhotoId id) {
  Query query(begin_delete_);
  query.bind(id.value);
  FARM_TRY(const std::int64_t rows, changed(query));
  if (rows == 0) return fail(no_photo(id));
  return ok();
}

Result<void> Writes::end_delete(PhotoId id) {
  Query query(end_delete_);
  query.bind(id.value);
  FARM_TRY(const std::int64_t rows, changed(query));
  if (rows == 1) return ok();
  Query stored(version_);
  stored.bind(id.value);
  FARM_TRY(const bool found, stored.step());
  if (!found) return fail(no_photo(id));
  return fail(ErrorCode::kConflict, "catalog", "photo " + id.str() + " is not being deleted");
}

Result<void> Writes::begin_import(PhotoId id) {
  Query query(begin_import_);
  query.bind(id.value);
  return query.run();
}

Result<void> Writes::drop_import(PhotoId id) {
  Query query(drop_import_);
  query.bind(id.value);
  return query.run();
}

Result<void> Writes::add_once(const IdempotencyRow& row, Millis now_ms, Millis oldest_kept_ms) {
  Query query(add_once_);
  query.bind(std::string_view(row.api_key_name))
      .bind(std::string_view(row.key))
      .bind(ByteView(row.request))
      .bind(row.photo.value)
      .bind(now_ms)
      .bind(oldest_kept_ms);
  FARM_TRY(const std::int64_t rows, changed(query));
  if (rows == 0) {
    return fail(ErrorCode::kConflict, "catalog", "this Idempotency-Key was used before");
  }
  Query prune(prune_once_);
  prune.bind(oldest_kept_ms);
  return prune.run();
}

Result<void> Writes::add_key(const KeyRow& row, const Sha256& key_hash) {
  Query query(add_key_);
  bind_key(query, row, key_hash);
  return conflict_as(query.run(), "an API key of that name or value is there already");
}

Result<void> Writes::set_key(const KeyRow& row, const Sha256& key_hash) {
  Query query(set_key_);
  bind_key(query, row, key_hash);
  return conflict_as(query.run(), "an API key of that value has another name");
}

Result<void> Writes::revoke_key(std::string_view name) {
  Query query(revoke_key_);
  query.bind(name);
  FARM_TRY(const std::int64_t rows, changed(query));
  if (rows == 0) {
    return fail(ErrorCode::kNotFound, "catalog", "no API key named " + std::string(name));
  }
  Query forget(forget_once_);
  forget.bind(name);
  return forget.run();
}

Result<void> Writes::set_fact(std::string_view name, std::string_view value) {
  Query query(set_fact_);
  query.bind(name).bind(value);
  return query.run();
}

}  // namespace farm::catalog
