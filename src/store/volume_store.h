// The embedded store: records in volumes on local disks (docs/formats/volume.md).
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "io/file.h"
#include "store/config.h"
#include "store/photo_store.h"

namespace farm::store {

class VolumeStore : public PhotoStore {
 public:
  // Goes through the volumes, or takes what a checkpoint knows of them; then upkeep begins. Once;
  // blocks. Reading works meanwhile, as far as what is asked for is known. Ends early, with
  // kClosed, when `stop` is set.
  virtual Result<void> load(const std::atomic<bool>& stop) = 0;

  // Writes the index to disk, if it changed, so that the next start need not go through the
  // volumes. Upkeep does it now and then, and so does the end.
  virtual Result<void> checkpoint() = 0;

  // Reads one volume back, the one for which that is longest ago, if it is longer than scrub_every.
  // Returns the bytes read. For upkeep.
  virtual Result<std::uint64_t> scrub() = 0;

  // Ends upkeep, and compactions that others asked for, soon and for good. Nothing is lost by it.
  virtual void stop_upkeep() = 0;
};

// Takes the directories of the store in `data_dir` (or in config.paths), making them where there
// are none, and finds its volumes: load() comes next. kBusy, naming the process, if another one has
// it open. What was found damaged is in stats().problems. `files` and `clock` must outlive it.
Result<std::unique_ptr<VolumeStore>> attach_volume_store(io::FileSystem& files, const Clock& clock,
                                                         const std::filesystem::path& data_dir,
                                                         const Config& config);

// Both steps.
Result<std::unique_ptr<VolumeStore>> open_volume_store(io::FileSystem& files, const Clock& clock,
                                                       const std::filesystem::path& data_dir,
                                                       const Config& config);

}  // namespace farm::store
