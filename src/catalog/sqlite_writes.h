// The writing connection and every change it can make, each a few statements within a transaction
// that the caller (group_writer.h) opens and commits. One thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/config.h"
#include "catalog/sqlite_db.h"

namespace farm::catalog {

Error no_photo(PhotoId id);
Result<void> check_patch(const PhotoPatch& patch);
Result<Sha256> read_hash(ByteView bytes);

class Writes {
 public:
  // Opens the file, brings its schema up to date and prepares the statements.
  static Result<std::unique_ptr<Writes>> open(const std::filesystem::path& file,
                                              const Config& config);

  Database& database() { return database_; }

  // As in Catalog.
  Result<void> add(const PhotoRow& row);
  Result<void> advance(const PhotoRow& row);
  Result<void> begin_import(PhotoId id);
  Result<void> drop_import(PhotoId id);
  Result<PhotoRow> patch(PhotoId id, const PhotoPatch& patch);
  Result<void> begin_delete(PhotoId id);
  Result<void> end_delete(PhotoId id);
  Result<void> add_key(const KeyRow& row, const Sha256& key_hash);
  Result<void> set_key(const KeyRow& row, const Sha256& key_hash);
  Result<void> revoke_key(std::string_view name);
  Result<void> set_fact(std::string_view name, std::string_view value);

  // Takes the place of a row from `oldest_kept_ms` or before, else kConflict. Forgets some more
  // that are as old.
  Result<void> add_once(const IdempotencyRow& row, Millis now_ms, Millis oldest_kept_ms);

 private:
  explicit Writes(Database database) : database_(std::move(database)) {}
  Result<void> prepare();
  Result<std::int64_t> changed(Query& query);

  Database database_;  // first: its statements go before it
  Statement add_, advance_, version_, patch_, begin_delete_, end_delete_;
  Statement begin_import_, drop_import_;
  Statement add_once_, prune_once_, add_key_, set_key_, revoke_key_, forget_once_, set_fact_;
};

}  // namespace farm::catalog
