// Exported records as files: DIR/YYYY/MM/DD/{id}.record, by the day (UTC) the photo was added.
// Thread-safe, for different files.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "base/photo_id.h"
#include "base/result.h"
#include "store/record_reader.h"

namespace farm::app {

std::filesystem::path record_path(const std::filesystem::path& directory, PhotoId id);

// The header of a record's file, checked; and whether the file is as long as it says. Nothing if
// there is no such file; kCorrupt if it is no record.
struct RecordFile {
  store::OwnedRecord header;
  bool whole = false;
};
Result<std::optional<RecordFile>> read_record_header(const std::filesystem::path& file);

// The whole file in memory.
Result<Bytes> read_record_file(const std::filesystem::path& file);

// In one step: a file with that name is always whole. Its bytes are on disk when it returns, its
// name after sync_directory().
Result<void> write_record_file(const std::filesystem::path& file, ByteView bytes);

// Calls `visit` with every *.record in the directory and those below it, in no order, until it
// returns an error, which is passed on. Links are not followed.
Result<void> walk_records(const std::filesystem::path& directory,
                          const std::function<Result<void>(const std::filesystem::path&)>& visit);

}  // namespace farm::app
