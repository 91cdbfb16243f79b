#include "catalog/sqlite_schema.h"

#include <array>
#include <string>

#include "obs/log.h"

namespace farm::catalog {
namespace {

// Schema N is made from N-1 by step N-1 of this list. Steps that were released never change.
constexpr std::array<const char*, kSchemaVersion> kSteps{
    R"sql(
CREATE TABLE photo (
  id              INTEGER PRIMARY KEY,
  version         INTEGER NOT NULL,
  server          INTEGER NOT NULL,
  visibility      INTEGER NOT NULL,
  format          INTEGER NOT NULL,
  deleting        INTEGER NOT NULL DEFAULT 0,
  width           INTEGER NOT NULL,
  height          INTEGER NOT NULL,
  created_ms      INTEGER NOT NULL,
  changed_ms      INTEGER NOT NULL,
  secret          BLOB NOT NULL,
  original_secret BLOB NOT NULL,
  sizes           BLOB NOT NULL,
  owner           TEXT NOT NULL,
  title           TEXT NOT NULL
) STRICT;
CREATE INDEX photo_by_owner ON photo (owner, id DESC) WHERE deleting = 0;
CREATE INDEX photo_deleting ON photo (id) WHERE deleting = 1;

CREATE TABLE idempotency (
  api_key    TEXT NOT NULL,
  key        TEXT NOT NULL,
  request    BLOB NOT NULL,
  photo      INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (api_key, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_ms);

CREATE TABLE api_key (
  name       TEXT NOT NULL PRIMARY KEY,
  hash       BLOB NOT NULL UNIQUE,
  scopes     INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE fact (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tally (
  name  TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO tally VALUES ('photos', 0), ('failed_commits', 0);

CREATE TRIGGER photo_added AFTER INSERT ON photo BEGIN
  UPDATE tally SET value = value + 1 WHERE name = 'photos';
END;
CREATE TRIGGER photo_hidden AFTER UPDATE OF deleting ON photo
WHEN old.deleting = 0 AND new.deleting = 1 BEGIN
  UPDATE tally SET value = value - 1 WHERE name = 'photos';
END;
)sql",
    R"sql(
INSERT INTO tally SELECT 'added', count(*) FROM photo;
DROP TRIGGER photo_added;
CREATE TRIGGER photo_added AFTER INSERT ON photo BEGIN
  UPDATE tally SET value = value + 1 WHERE name IN ('photos', 'added');
END;

CREATE TABLE importing (
  id INTEGER PRIMARY KEY
) STRICT;
)sql",
    R"sql(
ALTER TABLE photo ADD COLUMN taken_at       TEXT NOT NULL DEFAULT '';
ALTER TABLE photo ADD COLUMN camera         TEXT NOT NULL DEFAULT '';
ALTER TABLE photo ADD COLUMN dominant_color TEXT NOT NULL DEFAULT '';
ALTER TABLE photo ADD COLUMN thumb_hash     TEXT NOT NULL DEFAULT '';
)sql",
};

Result<void> check_owner(Database& database, std::int64_t version) {
  FARM_TRY(const std::int64_t application, database.integer("PRAGMA application_id"));
  if (application == kApplicationId) return ok();
  FARM_TRY(const std::int64_t objects, database.integer("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && objects == 0) return ok();
  return fail(ErrorCode::kInvalidArgument, "catalog",
              "this is a database of another program; name another file in [catalog] path");
}

// Also takes back what a failed step had done.
Result<void> apply(Database& database, std::int64_t version) {
  const std::string sql = "BEGIN IMMEDIATE;\n" +
                          std::string(kSteps[static_cast<std::size_t>(version)]) +
                          "PRAGMA application_id = " + std::to_string(kApplicationId) +
                          ";\nPRAGMA user_version = " + std::to_string(version + 1) + ";\nCOMMIT;";
  Result<void> done = database.exec(sql);
  if (!done && database.in_transaction()) {
    Result<void> undone = database.exec("ROLLBACK");
    if (!undone) return undone;
  }
  return done;
}

}  // namespace

Result<void> migrate(Database& database) {
  FARM_TRY(std::int64_t version, database.integer("PRAGMA user_version"));
  FARM_TRY(check_owner(database, version));
  if (version > kSchemaVersion) {
    return fail(ErrorCode::kUnsupported, "catalog",
                "the catalog has schema " + std::to_string(version) +
                    ", made by a newer photofarm; this one knows schemas up to " +
                    std::to_string(kSchemaVersion) + ": run the newer one");
  }
  const bool made_new = version == 0;
  for (; version < kSchemaVersion; ++version) {
    FARM_TRY(apply(database, version));
    if (!made_new) obs::log_info("catalog migrated", {{"schema", version + 1}});
  }
  return ok();
}

}  // namespace farm::catalog
