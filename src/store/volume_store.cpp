#include "store/volume_store.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>

#include "store/record_check.h"
#include "volume/volume_set.h"

namespace farm::store {
namespace {

using volume::Location;
using volume::VolumeSet;

constexpr std::size_t kMaxDamagedKept = 1000;  // in a report of verify()
constexpr std::size_t kMaxDamagedShown = 20;   // in stats().problems

std::string describe(PhotoId id, std::uint32_t version, const std::string& what) {
  return "photo " + id.str() + " version " + std::to_string(version) + ": " + what;
}

class VolumeStore final : public PhotoStore {
 public:
  explicit VolumeStore(std::unique_ptr<VolumeSet> volumes) : volumes_(std::move(volumes)) {}

  Result<void> put(PhotoId id, std::uint32_t version, std::span<const ByteView> parts) override {
    auto done = volumes_->put(id, version, parts);
    if (done) puts_.fetch_add(1, std::memory_order_relaxed);
    return done;
  }

  Result<ReadBytes> read(PhotoId id, std::uint32_t version, std::uint64_t offset,
                         MutableByteView out) override {
    FARM_TRY(const Location location, locate(id, version));
    const MutableByteView wanted = within(location, offset, out);
    if (!wanted.empty()) {
      FARM_TRY(volumes_->read(location, offset, wanted));
    }
    return ReadBytes{wanted.size(), location.version};
  }

  std::optional<Result<ReadBytes>> try_read(PhotoId id, std::uint32_t version, std::uint64_t offset,
                                            MutableByteView out) override {
    auto found = locate(id, version);
    if (!found) return Result<ReadBytes>(fail(std::move(found).error()));
    const Location& location = found.value();
    const MutableByteView wanted = within(location, offset, out);
    if (!wanted.empty()) {
      auto read = volumes_->try_read(location, offset, wanted);
      if (!read) return {};
      if (!*read) return Result<ReadBytes>(fail(std::move(*read).error()));
    }
    return Result<ReadBytes>(ReadBytes{wanted.size(), location.version});
  }

  std::optional<StoredRecord> find(PhotoId id) override {
    const auto location = volumes_->find(id);
    if (!location) return {};
    return StoredRecord{id, location->version, location->bytes};
  }

  Result<void> remove(PhotoId id) override { return volumes_->remove(id); }

  Result<void> scan(const std::function<Result<void>(const StoredRecord&)>& visit) override {
    Result<void> outcome = ok();
    volumes_->for_each([&](PhotoId id, const Location&) {
      // It was there when its part of the index was copied: tell what is there now.
      const auto location = volumes_->find(id);
      if (!location) return true;
      outcome = visit({id, location->version, location->bytes});
      return outcome.has_value();
    });
    return outcome;
  }

  Result<VerifyReport> verify(
      const std::function<bool(std::uint64_t, std::uint64_t)>& progress) override {
    VerifyReport report;
    const std::uint64_t total = volumes_->stats().index.live_bytes;
    const std::uint16_t slots = volumes_->slot_count();
    for (std::uint16_t slot = 0; slot < slots; ++slot) {
      for (const auto& [id, location] : volumes_->records_in(slot)) {
        if (volumes_->find(id) != location) continue;  // replaced or removed meanwhile
        verify_one(id, location, report);
        if (progress && !progress(report.bytes, std::max(total, report.bytes))) {
          return fail(ErrorCode::kClosed, "store", "verify was stopped");
        }
      }
    }
    return report;
  }

  void report_damage(PhotoId id, const std::string& what) override {
    checksum_errors_.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    if (damaged_.size() >= kMaxDamagedShown || !damaged_ids_.insert(id).second) return;
    damaged_.push_back("photo " + id.str() + " is damaged: " + what);
  }

  StoreStats stats() override {
    const VolumeSet::Stats volumes = volumes_->stats();
    StoreStats stats;
    stats.photos = volumes.index.photos;
    stats.live_bytes = volumes.index.live_bytes;
    stats.garbage_bytes = volumes.garbage_bytes;
    stats.disk_free_bytes = volumes.disk_free_bytes;
    stats.volumes = volumes.volumes;
    stats.syncs = volumes.syncs;
    stats.puts = puts_.load(std::memory_order_relaxed);
    stats.checksum_errors = checksum_errors_.load(std::memory_order_relaxed);
    stats.problems = volumes.problems;
    const std::lock_guard lock(mutex_);
    stats.problems.insert(stats.problems.end(), damaged_.begin(), damaged_.end());
    return stats;
  }

 private:
  // Without a text where a stranger may ask: it would cost an allocation for each wrong guess.
  Result<Location> locate(PhotoId id, std::uint32_t version) {
    const auto location = volumes_->find(id);
    if (!location) return fail(ErrorCode::kNotFound, "store", {});
    if (version != 0 && version != location->version) {
      return fail(ErrorCode::kConflict, "store", {});
    }
    return *location;
  }

  static MutableByteView within(const Location& location, std::uint64_t offset,
                                MutableByteView out) {
    if (offset >= location.bytes) return {};
    return out.first(std::min<std::uint64_t>(out.size(), location.bytes - offset));
  }

  void verify_one(PhotoId id, const Location& location, VerifyReport& report) {
    ++report.records;
    report.bytes += location.bytes;
    auto checked = check_frame(id, location);
    if (checked || volumes_->find(id) != location) return;
    ++report.damaged_count;
    const std::string what = checked.error().message();
    report_damage(id, what);
    if (report.damaged.size() < kMaxDamagedKept) {
      report.damaged.push_back(describe(id, location.version, what));
    }
  }

  Result<void> check_frame(PhotoId id, const Location& location) {
    FARM_TRY(const volume::FrameHeader header, volumes_->header_of(id, location));
    return check_record({id, location.version, location.bytes}, header.payload_checksum,
                        [&](std::uint64_t offset, MutableByteView out) {
                          return volumes_->read(location, offset, out);
                        });
  }

  const std::unique_ptr<VolumeSet> volumes_;
  std::atomic<std::uint64_t> puts_{0};
  std::atomic<std::uint64_t> checksum_errors_{0};
  std::mutex mutex_;  // guards what follows
  std::set<PhotoId> damaged_ids_;
  std::vector<std::string> damaged_;
};

}  // namespace

Result<std::unique_ptr<PhotoStore>> open_volume_store(io::FileSystem& files, const Clock& clock,
                                                      const std::filesystem::path& data_dir,
                                                      const Config& config) {
  const auto paths = config.paths.empty() ? std::vector{data_dir} : config.paths;
  FARM_TRY(auto volumes, VolumeSet::open(files, clock, paths, config.volume));
  return std::make_unique<VolumeStore>(std::move(volumes));
}

}  // namespace farm::store
