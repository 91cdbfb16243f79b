// The schema of catalog.sqlite (docs/formats/catalog.md) and the way from older ones to it.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "catalog/sqlite_db.h"

namespace farm::catalog {

inline constexpr std::int64_t kApplicationId = 0x50464d43;  // "PFMC", in the file's header
inline constexpr std::int64_t kSchemaVersion = 3;

// Brings the open database to kSchemaVersion, each step in a transaction of its own. kUnsupported
// if a newer photofarm made it, kInvalidArgument if it is another program's database.
Result<void> migrate(Database& database);

}  // namespace farm::catalog
