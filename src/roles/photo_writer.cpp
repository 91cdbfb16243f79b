#include "roles/photo_writer.h"

#include <vector>

#include "obs/log.h"
#include "photo/record.h"
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
          .title = row.title};
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

Result<PhotoRow> PhotoWriter::catch_up(const PhotoRow& row) {
  FARM_TRY(const store::OwnedRecord head, store::read_header(services_.store, row.id));
  const photo::RecordInfo info = head.view().info();
  PhotoRow next = row;
  next.version = info.version;
  next.format = info.format;
  next.secret = info.secret;
  next.original_secret = info.original_secret;
  next.dimensions = info.dimensions;
  next.changed_ms = info.changed_ms;
  next.sizes.clear();
  for (std::size_t i = 0; i < head.view().size_count(); ++i) {
    const photo::SizeEntry size = head.view().size_at(i);
    next.sizes.push_back({size.code, size.format, size.dimensions, size.length});
  }
  FARM_TRY(services_.catalog.advance(next));
  return next;
}

Result<PhotoRow> PhotoWriter::put_next(PhotoRow row, Sizes sizes) {
  ++row.version;
  row.secret = photo::Secret::random();
  row.original_secret = photo::Secret::random();
  row.changed_ms = services_.clock.now_ms();
  describe(row, sizes);
  FARM_TRY(put(row, sizes));
  const StageTimer timer(catalog_seconds_);
  FARM_TRY(services_.catalog.advance(row));
  return row;
}

Result<PhotoRow> PhotoWriter::replace(PhotoId id, const image::Rendered& rendered,
                                      ByteView original) {
  const std::lock_guard lock(lock_of(id));
  FARM_TRY(PhotoRow row, current(id));
  return put_next(std::move(row), size_inputs(rendered, original));
}

Result<PhotoRow> PhotoWriter::rotate_secrets(PhotoId id) {
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

Result<void> PhotoWriter::remove(PhotoId id) {
  const std::lock_guard lock(lock_of(id));
  FARM_TRY(services_.catalog.begin_delete(id));
  if (Result<void> removed = services_.store.remove(id);
      !removed && removed.error().code != ErrorCode::kNotFound) {
    return fail(std::move(removed).error());
  }
  return services_.catalog.end_delete(id);
}

}  // namespace farm::roles
