// The catalog: what changes without new bytes (owner, title, visibility, state), the list per
// owner, API keys, and the answers to idempotent uploads. Every backend (SQLite today) passes the
// same conformance suite, catalog/catalog_conformance.h.
//
// All calls are thread-safe and may block: make them on a disk thread. A change is durable when its
// call returns.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/photo_id.h"
#include "base/result.h"
#include "photo/facts.h"
#include "photo/record.h"

namespace farm::catalog {

// A size that is kept in the record, as the API shows it.
struct SizeRow {
  photo::SizeCode code;
  photo::Format format;
  photo::Dimensions dimensions;
  std::uint64_t bytes = 0;
};

// All of a photo but its bytes: enough to print the API's JSON without touching the store.
struct PhotoRow {
  PhotoId id;
  std::uint32_t version = 1;
  std::uint16_t server = 0;
  photo::Visibility visibility = photo::Visibility::kPublic;
  photo::Format format = photo::Format::kJpeg;
  photo::Secret secret;
  photo::Secret original_secret;
  photo::Dimensions dimensions;
  Millis created_ms = 0;
  Millis changed_ms = 0;
  std::string owner;
  std::string title;
  std::vector<SizeRow> sizes;  // in the record's order
  photo::Facts facts;          // of the version
};

// Only what is set is changed.
struct PhotoPatch {
  std::optional<std::string> owner = {};
  std::optional<std::string> title = {};
  std::optional<photo::Visibility> visibility = {};
};

struct ListQuery {
  std::optional<std::string> owner = {};  // nothing: everyone's
  std::uint32_t limit = 100;              // 1 to 1001: a page of 1000 and one more
  std::optional<PhotoId> before = {};     // only photos older (with a smaller id) than this
};

enum class Scope : std::uint8_t { kUpload = 1, kRead = 2, kAdmin = 4 };

// Bits of Scope. Admin includes the others.
struct Scopes {
  std::uint8_t bits = 0;
  bool allows(Scope scope) const {
    return (bits & (static_cast<std::uint8_t>(scope) | static_cast<std::uint8_t>(Scope::kAdmin))) !=
           0;
  }
};

struct KeyRow {
  std::string name;
  Scopes scopes;
  Millis created_ms = 0;
};

// An Idempotency-Key belongs to the API key that sent it. `request` is a hash of the request's
// body and query; the same key with another request is a mistake of the client.
struct IdempotencyRow {
  std::string api_key_name;
  std::string key;
  Sha256 request;
  PhotoId photo;
};

struct CatalogStats {
  std::uint64_t photos = 0;   // those being deleted left out
  std::uint64_t added = 0;    // photos ever added: never gets smaller, so tells an old copy
  std::uint64_t commits = 0;  // transactions synced to disk since it was opened
  std::uint64_t writes = 0;   // changes in them: writes / commits is the mean size of a group
};

class Catalog {
 public:
  virtual ~Catalog() = default;

  // A new photo, with the idempotency row of its upload where it has one, in one transaction.
  // kConflict if the id or the idempotency key is there already.
  virtual Result<void> add(const PhotoRow& row, const std::optional<IdempotencyRow>& once) = 0;
  // Many new photos in one transaction: all of them, or none. kConflict if an id is there already.
  virtual Result<void> add_all(std::span<const PhotoRow> rows) = 0;
  // A later version of a photo: replaces the row but owner, title and visibility, which stay as
  // the catalog has them. Only this changes changed_ms: it is the version's. kNotFound if it is not
  // there (or being deleted); kConflict unless row.version is greater than the stored one.
  virtual Result<void> advance(const PhotoRow& row) = 0;
  // Changes what is set and returns the photo as it is then. kNotFound.
  virtual Result<PhotoRow> patch(PhotoId id, const PhotoPatch& patch) = 0;
  // kNotFound also while it is being deleted.
  virtual Result<PhotoRow> get(PhotoId id) = 0;
  // Newest first (by id, descending). Photos being deleted are left out.
  virtual Result<std::vector<PhotoRow>> list(const ListQuery& query) = 0;

  // Deleting takes two steps around the store's remove(), so that a crash in between is finished
  // at the next start: begin_delete hides the photo from get/list/patch/advance and notes it in
  // deleting(); end_delete closes the row. kNotFound if it is not there; begin_delete of one that
  // is being deleted already is ok, end_delete of one that is not is kConflict.
  virtual Result<void> begin_delete(PhotoId id) = 0;
  virtual Result<void> end_delete(PhotoId id) = 0;
  virtual Result<std::vector<PhotoId>> deleting() = 0;

  // A record that comes from elsewhere takes two steps around the store's put(), so that after a
  // crash in between nobody takes it for an upload that was never acknowledged: begin_import notes
  // the id in importing() (again is ok), end_import adds the row and drops the note, drop_import
  // only drops it. end_import: kConflict if the id has a row already.
  virtual Result<void> begin_import(PhotoId id) = 0;
  virtual Result<void> end_import(const PhotoRow& row) = 0;
  virtual Result<void> drop_import(PhotoId id) = 0;
  virtual Result<std::vector<PhotoId>> importing() = 0;

  // The version each of these has, 0 where there is no row (rows being deleted count as there).
  // In the order of `ids`; at most 10,000 of them.
  virtual Result<std::vector<std::uint32_t>> versions(std::span<const PhotoId> ids) = 0;

  // Nothing if there was none, or it is older than the configured keeping time (24 h).
  virtual Result<std::optional<IdempotencyRow>> find_idempotent(std::string_view api_key_name,
                                                                std::string_view key) = 0;

  // API keys. Only a SHA-256 of the key itself is kept. kConflict if the name is taken, or the key
  // is there under another name.
  virtual Result<void> add_key(const KeyRow& row, const Sha256& key_hash) = 0;
  // Replaces the key of that name or adds it.
  virtual Result<void> set_key(const KeyRow& row, const Sha256& key_hash) = 0;
  // Forgets its idempotency rows too: a later key of that name is another one. kNotFound.
  virtual Result<void> revoke_key(std::string_view name) = 0;
  virtual Result<std::vector<KeyRow>> list_keys() = 0;  // by name
  virtual Result<std::optional<KeyRow>> find_key(const Sha256& key_hash) = 0;

  // Small facts about the farm itself, e.g. the id of the store this catalog belongs to.
  virtual Result<std::optional<std::string>> fact(std::string_view name) = 0;
  virtual Result<void> set_fact(std::string_view name, std::string_view value) = 0;

  virtual Result<CatalogStats> stats() = 0;
};

}  // namespace farm::catalog
