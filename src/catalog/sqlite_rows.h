// Photos to and from their rows. Pure but for the statements they are given.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/sqlite_db.h"

namespace farm::catalog {

// The columns that read_photo() goes by, in its order. bind_version() binds the first 15 of them,
// those of a version; bind_labels() the rest, those that stay as the photo changes.
inline constexpr std::string_view kPhotoColumns =
    "id, version, server, format, width, height, created_ms, changed_ms, secret, original_secret, "
    "sizes, taken_at, camera, dominant_color, thumb_hash, visibility, owner, title";

// The column `sizes`: 18 bytes a size (docs/formats/catalog.md).
Bytes encode_sizes(std::span<const SizeRow> sizes);
Result<std::vector<SizeRow>> decode_sizes(ByteView bytes);

// kInvalidArgument for a row that no caller should make: id or version 0, text or sizes over their
// bounds.
Result<void> check_photo(const PhotoRow& row);

// `sizes` are the row's, encoded. Both must outlive the query.
void bind_version(Query& query, const PhotoRow& row, ByteView sizes);
void bind_labels(Query& query, const PhotoRow& row);

// The current row; kCorrupt where a column holds what cannot be.
Result<PhotoRow> read_photo(const Query& query);

}  // namespace farm::catalog
