// Writes photos to the store and the catalog, in the order that a crash in between leaves nothing
// half: bytes first, then the row; when deleting, the row is marked, then the bytes go, then the
// row. What a crash left is finished by reconcile() (roles/reconcile.h). Caches are purged of a
// photo when its old bytes are no longer served and before the row says so, so that a crash in
// between makes reconcile() purge again.
//
// Blocking: call it on a disk thread. Thread-safe: changes of one photo wait for each other.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "image/image.h"
#include "roles/services.h"

namespace farm::roles {

struct NewPhoto {
  std::string owner;
  std::string title;
  photo::Visibility visibility = photo::Visibility::kPublic;
  // The idempotency row, but for its photo.
  std::optional<catalog::IdempotencyRow> once;
};

class PhotoWriter {
 public:
  // A change, and the id of the receipt of the purge that came with it; 0: there was none.
  struct Changed {
    catalog::PhotoRow row;
    std::uint64_t purge = 0;
  };

  explicit PhotoWriter(Services& services);

  // A new photo. `original` are the bytes as they came.
  Result<catalog::PhotoRow> add(const NewPhoto& what, const image::Rendered& rendered,
                                ByteView original);
  // The next version of a photo: new bytes and new secrets.
  Result<Changed> replace(PhotoId id, const image::Rendered& rendered, ByteView original);
  // The same by an edit: another look at the same shot, so that what the new bytes do not tell of
  // it (not every format carries it) stays as it was.
  Result<Changed> edit(PhotoId id, const image::Rendered& rendered, ByteView original);
  // The next version over the same bytes: new secrets.
  Result<Changed> rotate_secrets(PhotoId id);
  Result<catalog::PhotoRow> patch(PhotoId id, const catalog::PhotoPatch& patch);
  // The purge's receipt, as in Changed.
  Result<std::uint64_t> remove(PhotoId id);

  struct Imported {
    catalog::PhotoRow row;
    bool stored = false;  // by this call; else it was there already
  };
  // A whole record, checked, of another farm's export: kept under its own id, version, secrets and
  // times. kConflict if the photo is here as something else, or was deleted here.
  Result<Imported> import_record(const photo::RecordView& record, ByteView bytes);

  // Brings the row up to a version that the store has and the catalog missed. The photo's own row
  // must exist.
  Result<catalog::PhotoRow> catch_up(const catalog::PhotoRow& row);

 private:
  using Sizes = std::span<const photo::SizeInput>;

  std::mutex& lock_of(PhotoId id) { return locks_[std::hash<PhotoId>{}(id) >> 58]; }
  Result<catalog::PhotoRow> current(PhotoId id);
  Result<Imported> import_present(const photo::RecordView& record);
  Result<catalog::PhotoRow> import_absent(const photo::RecordView& record, ByteView bytes);
  Result<void> put_import(PhotoId id, std::uint32_t version, ByteView bytes);
  Result<void> put(const catalog::PhotoRow& row, Sizes sizes);
  Result<Changed> put_next(catalog::PhotoRow row, Sizes sizes);
  std::uint64_t purge(PhotoId id);

  Services& services_;
  obs::Histogram store_seconds_;
  obs::Histogram catalog_seconds_;
  std::array<std::mutex, 64> locks_;
};

}  // namespace farm::roles
