#include "store/config.h"

namespace farm::store {
namespace {

constexpr std::int64_t kMinPreallocateBytes = 64 << 10;
constexpr std::chrono::milliseconds kMaxCommitWait{1000};
constexpr std::int64_t kMinReadWindow = 4 << 10;
constexpr std::int64_t kMaxReadWindow = 120 << 10;
constexpr std::int64_t kMinRate = 64 << 10;
constexpr std::chrono::milliseconds kMinPeriod{1000};

}  // namespace

void read_config(config::Table table, Config& out) {
  std::vector<std::string> paths;
  table.read("paths", paths);
  if (!paths.empty()) out.paths.assign(paths.begin(), paths.end());
  table.read_size("read_window", out.read_window, {.min = kMinReadWindow, .max = kMaxReadWindow});
  volume::Config& volume = out.volume;
  table.read_size("volume_size", volume.volume_bytes,
                  {.min = volume::kMinVolumeBytes, .max = volume::kMaxVolumeBytes});
  table.read_size("preallocate", volume.preallocate_bytes,
                  {.min = kMinPreallocateBytes, .max = volume::kMaxVolumeBytes});
  auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(volume.commit_wait);
  table.read_duration("commit_wait", wait, {.max = kMaxCommitWait});
  volume.commit_wait = wait;
  table.read_size("commit_size", volume.commit_bytes, {.min = kMinPreallocateBytes});
  table.read_size("compact_rate", volume.compact_rate, {.min = kMinRate});
  table.read("compact_garbage", out.compact_garbage, {.min = 1, .max = 100});
  table.read_duration("erase_within", out.erase_within, {.min = kMinPeriod});
  table.read_duration("checkpoint_every", out.checkpoint_every, {.min = kMinPeriod});
  table.read_duration("scrub_every", out.scrub_every, {.min = kMinPeriod});
  table.read_size("scrub_rate", out.scrub_rate, {.min = kMinRate});
}

}  // namespace farm::store
