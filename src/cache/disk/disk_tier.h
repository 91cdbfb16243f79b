// The cache's disks: responses in a log on each of them (segment_log.h), found by an index in
// memory.
//
//   FARM_TRY(auto tier, DiskTier::open(files, clock, disk_tier_options(config)));
//   if (auto found = tier->try_read(key)) use(*found);         // on a network thread
//   else co_await offload(… tier->read(key) …);                // the disk has to be waited for
//
// An object is on one disk, chosen by its key's hash among those that work. A disk that fails drops
// out: what it had is a miss, the others take over its share, stats() tells. When it comes back
// with a later start it begins empty, as do disks that other machines or tiers had.
//
// What is read is what was offered last under that key, or nothing: checked against its checksum
// and its key, and let go of where that does not hold. A crash or a loss of power costs what was
// not written yet, and of the segments the last.
//
// Thread-safe. Nothing but read(), flush(), open() and stop() waits for a disk.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cache/config.h"
#include "cache/disk/disk_stats.h"
#include "cache/key_hash.h"
#include "cache/object.h"
#include "io/file.h"

namespace farm::cache {

class Disk;

struct DiskTierOptions {
  std::vector<DiskPlace> disks;        // at most 64
  std::uint64_t object_max_bytes = 0;  // of head and body; 0: no bound but the segment
  std::uint64_t write_budget = 0;      // bytes a second, of each disk; 0: no bound
  std::uint64_t segment_bytes = 0;
  std::uint64_t queue_bytes = 0;  // memory for what waits to be written, of each disk
};
DiskTierOptions disk_tier_options(const Config& config);

// The size of a disk's segments: as asked for, but a sixteenth of the disk at most, and never so
// small that the largest objects do not fit well.
std::uint64_t segment_bytes_for(std::uint64_t disk_bytes, std::uint64_t asked_bytes,
                                std::uint64_t object_max_bytes);

class DiskTier {
 public:
  // Takes its directories for this process, and finds what they hold. Disks that cannot be used, as
  // those that another process has, are problems in stats(), not errors. `files` and `clock`
  // outlive the tier.
  static Result<std::unique_ptr<DiskTier>> open(io::FileSystem& files, const Clock& clock,
                                                const DiskTierOptions& options);
  ~DiskTier();  // as stop()

  std::uint64_t hash(std::string_view key) const { return hash_key(secret_, key); }

  // Looks the key up and reads its object, if that needs no waiting. Nothing: it does, and read()
  // will. An empty reference: it is not there.
  std::optional<ObjectRef> try_read(std::string_view key);
  // The same, and waits for the disk.
  ObjectRef read(std::string_view key);

  // From now on this is the object of its key. Whether it is kept is the tier's choice: if it was
  // asked for before (as the caller knows, or because it was offered not long ago), is not too
  // large, within the write budget, and there is room in the queue. The object is held until it is
  // written, and not copied. One that came from here, or is there already, costs nothing.
  void offer(const ObjectRef& object, bool requested_before);
  // Whether it was there.
  bool erase(std::string_view key);

  DiskStats stats() const;
  // Of the disks one by one, in the order of the configuration.
  std::vector<DiskStats> stats_by_disk() const;

  // Waits until all that was offered is on the disks.
  void flush();
  // Writes what waits, and what makes the next start quick. Afterwards nothing is taken any more;
  // reading goes on.
  void stop();

 private:
  struct Place {
    std::filesystem::path path;
    std::uint64_t id = 0;
    double weight = 0;
    std::unique_ptr<Disk> disk;  // null: it could not be used from the start
    std::string problem;         // then
  };

  DiskTier(io::FileSystem& files, const Clock& clock, const DiskTierOptions& options);

  void take_directories(const DiskTierOptions& options);
  void settle_identities();
  void give_heads(std::uint64_t epoch);
  void load_disks();
  void set_aside(Place& place, const Error& why);
  void dropped_out(std::uint32_t number);
  std::vector<std::uint64_t> members() const;

  // The number of the disk for that hash, among those of `mask`; mask is not 0.
  std::size_t place_of(std::uint64_t hash, std::uint64_t mask) const;
  Disk* disk_of(std::uint64_t hash) const;

  io::FileSystem& files_;
  const Clock& clock_;
  HashSecret secret_;
  std::vector<Place> places_;
  std::atomic<std::uint64_t> mask_{0};  // of the disks that have a share
  std::mutex membership_mutex_;         // of epoch_, and of heads while the tier runs
  std::uint64_t epoch_ = 0;
};

}  // namespace farm::cache
