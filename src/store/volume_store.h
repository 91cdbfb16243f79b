// The embedded store: records in volumes on local disks (docs/formats/volume.md).
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "io/file.h"
#include "store/config.h"
#include "store/photo_store.h"

namespace farm::store {

// Opens the store in `data_dir` (or in config.paths), making it where there is none: goes through
// all volumes, so it takes a while with many. kBusy, naming the process, if another one has it
// open. What was found damaged is in stats().problems. `files` and `clock` must outlive the store.
Result<std::unique_ptr<PhotoStore>> open_volume_store(io::FileSystem& files, const Clock& clock,
                                                      const std::filesystem::path& data_dir,
                                                      const Config& config);

}  // namespace farm::store
