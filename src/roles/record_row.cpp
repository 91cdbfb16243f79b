#include "roles/record_row.h"

#include "store/record_reader.h"

namespace farm::roles {

catalog::PhotoRow row_of(const photo::RecordView& record) {
  const photo::RecordInfo info = record.info();
  catalog::PhotoRow row;
  row.id = info.id;
  row.version = info.version;
  row.server = info.server;
  row.visibility = info.visibility;
  row.format = info.format;
  row.secret = info.secret;
  row.original_secret = info.original_secret;
  row.dimensions = info.dimensions;
  row.created_ms = info.created_ms;
  row.changed_ms = info.changed_ms;
  row.owner = info.owner;
  row.title = info.title;
  row.facts = photo::checked_facts(info.facts);
  for (std::size_t i = 0; i < record.size_count(); ++i) {
    const photo::SizeEntry size = record.size_at(i);
    row.sizes.push_back({size.code, size.format, size.dimensions, size.length});
  }
  return row;
}

Result<catalog::PhotoRow> stored_row(store::PhotoStore& store, PhotoId id) {
  FARM_TRY(const store::OwnedRecord header, store::read_header(store, id));
  return row_of(header.view());
}

}  // namespace farm::roles
