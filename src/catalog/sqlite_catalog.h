// The catalog in one SQLite file (docs/formats/catalog.md): write-ahead log, synced at every
// commit; one thread writes in groups (group_writer.h), a few connections read (reader_pool.h).
// SQLite's own headers stay in the .cpp files.
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/config.h"

namespace farm::catalog {

// Opens the catalog at `file`, or makes it, with its folder, readable by this user alone. An older
// schema is brought up to date. `clock` (wall time, for the age of Idempotency-Keys) must outlive
// the catalog. Closing it writes the log back into the file.
//
// kBusy if another process has it open, kCorrupt with what to do if the file is damaged,
// kUnsupported if a newer photofarm made it, kInvalidArgument if it is another program's.
Result<std::unique_ptr<Catalog>> open_sqlite_catalog(const std::filesystem::path& file,
                                                     const Config& config, const Clock& clock);

}  // namespace farm::catalog
