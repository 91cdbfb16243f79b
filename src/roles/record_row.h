// From a record's header to the catalog's row: what the record tells of its photo.
#pragma once

#include "catalog/catalog.h"
#include "photo/record.h"
#include "store/photo_store.h"

namespace farm::roles {

catalog::PhotoRow row_of(const photo::RecordView& record);

// The row of what the store has under `id`. Errors as of store::read_header. Blocking.
Result<catalog::PhotoRow> stored_row(store::PhotoStore& store, PhotoId id);

}  // namespace farm::roles
