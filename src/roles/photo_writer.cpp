#include "roles/photo_writer.h"

#include <vector>

#include "obs/log.h"
#include "photo/record.h"
#include "roles/purge/purger.h"
#include "roles/record_row.h"
#include "roles/stage_timer.h"
#include "store/record_reader.h"

namespace farm::roles {
namespace {

using catalog::PhotoRow;

std::vector<photo::SizeInput> size_inputs(const image::Rendered& rendered, ByteView original) {
  std::vector<photo::SizeInput> sizes;
  for (const image::RenderedSize& size : rendered.sizes) {
    sizes.push_back({size.code, size.format, size.dimensions, size.bytes});
  }
  sizes.push_back(
      {photo::SizeCode::kOriginal, rendered.picture.format, rendered.picture.dimensions, original});
  return sizes;
}

void describe(PhotoRow& row, std::span<const photo::SizeInput> sizes) {
  row.sizes.clear();
  for (const photo::SizeInput& size : sizes) {
    row.sizes.push_back({size.code, size.format, size.dimensions, size.bytes.size()});
  }
  row.format = sizes.back().format;
  row.dimensions = sizes.back().dimensions;
}

photo::RecordInfo record_info(const PhotoRow& row) {
  return {.id = row.id,
          .version = row.version,
          .server = row.server,
          .visibility = row.visibility,
          .format = row.format,
          .secret = row.secret,
          .original_secret = row.original_secret,
          .dimensions = row.dimensions,
          .created_ms = row.created_ms,
          .changed_ms = row.changed_ms,
          .owner = row.owner,
          .title = row.title,
          .facts = row.facts.texts()};
}

bool same_photo(const photo::RecordView& a, const photo::RecordView& b) {
  if (a.version() != b.version() || !a.secret().matches(b.secret()) ||
      !a.original_secret().matches(b.original_secret()) || a.size_count() != b.size_count()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size_count(); ++i) {
    const photo::SizeEntry x = a.size_at(i);
    const photo::SizeEntry y = b.size_at(i);
    if (x.code != y.code || x.format != y.format || x.dimensions != y.dimensions ||
        x.length != y.length || a.fingerprint(x) != b.fingerprint(y)) {
      return false;
    }
  }
  return true;
}

auto other_version(PhotoId id, std::uint32_t here, std::uint32_t coming) {
  const std::string what = here == coming ? " with other bytes or secrets"
                                          : ", not as version " + std::to_string(coming);
  return fail(ErrorCode::kConflict, "roles",
              "photo " + id.str() + " is here already as version " + std::to_string(here) + what);
}

}  // namespace

PhotoWriter::PhotoWriter(Services& services)
    : services_(services),
      store_seconds_(upload_stage(services.metrics, "store")),
      catalog_seconds_(upload_stage(services.metrics, "catalog")) {}

Result<void> PhotoWriter::put(const PhotoRow& row, Sizes sizes) {
  const StageTimer timer(store_seconds_);
  FARM_TRY(const Bytes header, photo::encode_header(record_info(row), sizes));
  std::vector<ByteView> parts = {header};
  for (const photo::SizeInput& size : sizes) parts.push_back(size.bytes);
  return services_.store.put(row.id, row.version, parts);
}

Result<PhotoRow> PhotoWriter::add(const NewPhoto& what, const image::Rendered& rendered,
                                  ByteView original) {
  const std::vector<photo::SizeInput> sizes = size_inputs(rendered, original);
  PhotoRow row;
  row.id = services_.ids.next();
  row.server = services_.config.server_id;
  row.visibility = what.visibility;
  row.secret = photo::Secret::random();
  row.original_secret = photo::Secret::random();
  row.created_ms = row.changed_ms = services_.clock.now_ms();
  row.owner = what.owner;
  row.title = what.title;
  row.facts = rendered.facts;
  describe(row, sizes);

  FARM_TRY(put(row, sizes));
  std::optional<catalog::IdempotencyRow> once = what.once;
  if (once) once->photo = row.id;
  const StageTimer timer(catalog_seconds_);
  if (Result<void> added = services_.catalog.add(row, once); !added) {
    // Never acknowledged: take it back. If that fails too, the next start does it.
    if (Result<void> removed = services_.store.remove(row.id); !removed) {
      obs::log_warn("a record without a row stays until the next start",
                    {{"photo", row.id}, {"error", removed.error().message()}});
    }
    return fail(std::move(added).error());
  }
  return row;
}

// The photo's row, level with the store.
Result<PhotoRow> PhotoWriter::current(PhotoId id) {
  FARM_TRY(PhotoRow row, services_.catalog.get(id));
  const auto stored = services_.store.find(id);
  if (stored && stored->version > row.version) return catch_up(row);
  return row;
}

std::uint64_t PhotoWriter::purge(PhotoId id) {
  return services_.purger == nullptr ? 0 : services_.purger->begin_photo(id);
}

Result<PhotoRow> PhotoWriter::catch_up(const PhotoRow& row) {
  FARM_TRY(PhotoRow next, stored_row(services_.store, row.id));
  next.owner = row.owner;
  next.title = row.title;
  next.visibility = row.visibility;
  purge(row.id);
  FARM_TRY(services_.catalog.advance(next));
  return next;
}

Result<PhotoWriter::Changed> PhotoWriter::put_next(PhotoRow row, Sizes sizes) {
  ++row.version;
  row.secret = photo::Secret::random();
  row.original_secret = photo::Secret::random();
  row.changed_ms = services_.clock.now_ms();
  describe(row, sizes);
  FARM_TRY(put(row, sizes));
  const std::uint64_t purged = purge(row.id);
  const StageTimer timer(catalog_seconds_);
  FARM_TRY(services_.catalog.advance(row));
  return Changed{std::move(row), purged};
}

Result<PhotoWriter::Changed> PhotoWriter::replace(PhotoId id, const image::Rendered& rendered,
                                                  ByteView original) {
  const std::lock_guard lock(lock_of(id));
  FARM_TRY(PhotoRow row, current(id));
  row.facts = rendered.facts;
  return put_next(std::move(row), size_inputs(rendered, original));
}

Result<PhotoWriter::Changed> PhotoWriter::edit(PhotoId id, const image::Rendered& rendered,
                                               ByteView original) {
  const std::lock_guard lock(lock_of(id));
  FARM_TRY(PhotoRow row, current(id));
  photo::Facts facts = rendered.facts;
  if (facts.taken_at.empty()) facts.taken_at = row.facts.taken_at;
  if (facts.camera.empty()) facts.camera = row.facts.camera;
  row.facts = std::move(facts);
  return put_next(std::move(row), size_inputs(rendered, original));
}

Result<PhotoWriter::Changed> PhotoWriter::rotate_secrets(PhotoId id) {
  const std::lock_guard lock(lock_of(id));
  FARM_TRY(PhotoRow row, current(id));
  FARM_TRY(const store::OwnedRecord record, store::read_record(services_.store, id));
  std::vector<photo::SizeInput> sizes;
  for (std::size_t i = 0; i < record.view().size_count(); ++i) {
    const photo::SizeEntry size = record.view().size_at(i);
    sizes.push_back({size.code, size.format, size.dimensions, record.bytes_of(size)});
  }
  return put_next(std::move(row), sizes);
}

Result<PhotoRow> PhotoWriter::patch(PhotoId id, const catalog::PhotoPatch& patch) {
  const std::lock_guard lock(lock_of(id));
  return services_.catalog.patch(id, patch);
}

Result<std::uint64_t> PhotoWriter::remove(PhotoId id) {
  const std::lock_guard lock(lock_of(id));
  FARM_TRY(services_.catalog.begin_delete(id));
  if (Result<void> removed = services_.store.remove(id);
      !removed && removed.error().code != ErrorCode::kNotFound) {
    return fail(std::move(removed).error());
  }
  const std::uint64_t purged = purge(id);
  FARM_TRY(services_.catalog.end_delete(id));
  return purged;
}

Result<PhotoWriter::Imported> PhotoWriter::import_record(const photo::RecordView& record,
                                                         ByteView bytes) {
  const PhotoId id = record.id();
  const std::lock_guard lock(lock_of(id));
  services_.ids.start_after(id);
  if (services_.store.find(id)) return import_present(record);
  FARM_TRY(PhotoRow row, import_absent(record, bytes));
  return Imported{std::move(row), true};
}

Result<PhotoWriter::Imported> PhotoWriter::import_present(const photo::RecordView& record) {
  const PhotoId id = record.id();
  FARM_TRY(const store::OwnedRecord present, store::read_header(services_.store, id));
  if (!same_photo(present.view(), record)) {
    return other_version(id, present.view().version(), record.version());
  }
  auto row = services_.catalog.get(id);
  if (row) return Imported{std::move(row).value(), false};
  if (row.error().code != ErrorCode::kNotFound) return fail(std::move(row).error());
  // An earlier try got as far as the store; or the photo is being deleted, which is a conflict.
  PhotoRow missing = row_of(present.view());
  FARM_TRY(services_.catalog.end_import(missing));
  return Imported{std::move(missing), true};
}

Result<PhotoRow> PhotoWriter::import_absent(const photo::RecordView& record, ByteView bytes) {
  const PhotoId id = record.id();
  auto row = services_.catalog.get(id);
  if (row) {  // its record was lost, with a disk perhaps: here it is again
    const PhotoRow& here = row.value();
    if (here.version != record.version() || !here.secret.matches(record.secret())) {
      return other_version(id, here.version, record.version());
    }
    FARM_TRY(put_import(id, record.version(), bytes));
    return row;
  }
  if (row.error().code != ErrorCode::kNotFound) return fail(std::move(row).error());
  // Noted first: after a crash, the record of an import is not taken for a failed upload's.
  FARM_TRY(services_.catalog.begin_import(id));
  if (Result<void> stored = put_import(id, record.version(), bytes); !stored) {
    FARM_TRY(services_.catalog.drop_import(id));
    return fail(std::move(stored).error());
  }
  PhotoRow made = row_of(record);
  FARM_TRY(services_.catalog.end_import(made));
  return made;
}

Result<void> PhotoWriter::put_import(PhotoId id, std::uint32_t version, ByteView bytes) {
  const StageTimer timer(store_seconds_);
  Result<void> stored = services_.store.put(id, version, {&bytes, 1});
  if (stored || stored.error().code != ErrorCode::kConflict) return stored;
  return fail(ErrorCode::kConflict, "roles",
              "photo " + id.str() + " was deleted here, and ids are never used again");
}

}  // namespace farm::roles
