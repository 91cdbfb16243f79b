// What can be set of volumes. The bounds hold for one volume each.
#pragma once

#include <chrono>
#include <cstdint>

namespace farm::volume {

struct Config {
  // A volume takes no record that would make its file longer; a record that is longer by itself
  // gets a volume of its own.
  std::uint64_t volume_bytes = std::uint64_t{4} << 30;
  // Disk space is taken in steps of this, so that most syncs write data and no file system
  // metadata.
  std::uint64_t preallocate_bytes = std::uint64_t{64} << 20;
  // How long a sync waits for records that are being written, to carry them too.
  std::chrono::microseconds commit_wait{2000};
  // A sync waits no longer once this much is written.
  std::uint64_t commit_bytes = std::uint64_t{32} << 20;
  // How fast a volume is rewritten without its garbage: bytes read and written a second.
  std::uint64_t compact_rate = std::uint64_t{16} << 20;
};

inline constexpr std::uint64_t kMinVolumeBytes = std::uint64_t{64} << 10;
inline constexpr std::uint64_t kMaxVolumeBytes = std::uint64_t{128} << 30;

}  // namespace farm::volume
