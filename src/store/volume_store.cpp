#include "store/volume_store.h"

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <set>

#include "obs/log.h"
#include "store/record_check.h"
#include "store/upkeep.h"
#include "volume/volume_set.h"

namespace farm::store {
namespace {

using volume::Location;
using volume::Throttle;
using volume::VolumeSet;

constexpr std::size_t kMaxDamagedKept = 1000;  // in a report of verify()
constexpr std::size_t kMaxDamagedShown = 20;   // in stats().problems
constexpr std::chrono::seconds kUpkeepPause{5};
constexpr Millis kRetryCompactionMs = 3'600'000;  // of a volume that could not be rewritten

std::string describe(PhotoId id, std::uint32_t version, const std::string& what) {
  return "photo " + id.str() + " version " + std::to_string(version) + ": " + what;
}

MutableByteView within(const Location& location, std::uint64_t offset, MutableByteView out) {
  if (offset >= location.bytes) return {};
  return out.first(std::min<std::uint64_t>(out.size(), location.bytes - offset));
}

class VolumeStoreImpl final : public VolumeStore {
 public:
  VolumeStoreImpl(std::unique_ptr<VolumeSet> volumes, const Clock& clock, const Config& config)
      : clock_(clock),
        config_(config),
        volumes_(std::move(volumes)),
        compact_throttle_(config.volume.compact_rate),
        scrub_throttle_(config.scrub_rate) {}

  ~VolumeStoreImpl() override { VolumeStoreImpl::stop_upkeep(); }

  void stop_upkeep() override {
    compact_throttle_.stop();
    scrub_throttle_.stop();
    upkeep_.stop();
  }

  Result<void> load(const std::atomic<bool>& stop) override {
    FARM_TRY(volumes_->load(stop));
    next_checkpoint_ms_ = clock_.now_ms() + config_.checkpoint_every.count();
    if (config_.upkeep) {
      upkeep_.start({[this] { checkpoint_in_time(); }, [this] { compact_what_is_worth_it(); },
                     [this] { (void)scrub(); }},
                    kUpkeepPause);
    }
    return ok();
  }

  Result<void> put(PhotoId id, std::uint32_t version, std::span<const ByteView> parts) override {
    auto done = volumes_->put(id, version, parts);
    if (done) puts_.fetch_add(1, std::memory_order_relaxed);
    return done;
  }

  Result<ReadBytes> read(PhotoId id, std::uint32_t version, std::uint64_t offset,
                         MutableByteView out) override {
    const auto held = volumes_->hold();
    FARM_TRY(const Location location, volumes_->locate(id, version));
    const MutableByteView wanted = within(location, offset, out);
    if (!wanted.empty()) {
      FARM_TRY(volumes_->read(location, offset, wanted));
    }
    return ReadBytes{wanted.size(), location.version, Reach::from_bits(location.note)};
  }

  std::optional<Result<ReadBytes>> try_read(PhotoId id, std::uint32_t version, std::uint64_t offset,
                                            MutableByteView out) override {
    const auto held = volumes_->hold();
    auto found = volumes_->locate(id, version);
    if (!found) return Result<ReadBytes>(fail(std::move(found).error()));
    return try_read_at(found.value(), offset, out);
  }

  std::optional<Result<ReadBytes>> try_read_up_to(PhotoId id, photo::SizeCode code,
                                                  std::size_t otherwise,
                                                  MutableByteView out) override {
    const auto held = volumes_->hold();
    auto found = volumes_->locate(id);
    if (!found) return Result<ReadBytes>(fail(std::move(found).error()));
    const std::size_t known = Reach::from_bits(found.value().note).bytes_for(code);
    return try_read_at(found.value(), 0,
                       out.first(std::min(known != 0 ? known : otherwise, out.size())));
  }

  std::uint64_t read_window() const override { return config_.read_window; }

  Reach reach(PhotoId id) override {
    const auto location = volumes_->entry(id);
    return location ? Reach::from_bits(location->note) : Reach();
  }

  void note_reach(PhotoId id, std::uint32_t version, Reach reach) override {
    volumes_->set_note(id, version, reach.bits());
  }

  std::optional<StoredRecord> find(PhotoId id) override {
    const auto location = volumes_->find(id);
    if (!location) return {};
    return StoredRecord{id, location->version, location->bytes};
  }

  Result<void> remove(PhotoId id) override { return volumes_->remove(id); }

  Result<void> scan(const std::function<Result<void>(const StoredRecord&)>& visit) override {
    if (!volumes_->loaded()) {
      return fail(ErrorCode::kUnavailable, "store", "the store is being opened; try again soon");
    }
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

  Result<VerifyReport> verify(const Progress& progress) override;
  Result<CompactReport> compact(const Progress& progress) override;
  Result<void> checkpoint() override { return volumes_->checkpoint(); }
  Result<std::uint64_t> scrub() override;
  void report_damage(PhotoId id, const std::string& what) override;
  StoreStats stats() override;

 private:
  // The caller holds the epoch.
  std::optional<Result<ReadBytes>> try_read_at(const Location& location, std::uint64_t offset,
                                               MutableByteView out) {
    const MutableByteView wanted = within(location, offset, out);
    if (!wanted.empty()) {
      auto read = volumes_->try_read(location, offset, wanted);
      if (!read) return {};
      if (!*read) return Result<ReadBytes>(fail(std::move(*read).error()));
    }
    return Result<ReadBytes>(
        ReadBytes{wanted.size(), location.version, Reach::from_bits(location.note)});
  }

  void verify_one(const VolumeSet::IndexedRecord& entry, VerifyReport& report);
  Result<void> check_frame(PhotoId id, const Location& location);
  Result<void> compact_volume(std::uint16_t slot, CompactReport& report);
  void note_damage(PhotoId id, const std::string& what);
  void checkpoint_in_time();
  void compact_what_is_worth_it();

  const Clock& clock_;
  const Config config_;
  const std::unique_ptr<VolumeSet> volumes_;
  Throttle compact_throttle_;
  Throttle scrub_throttle_;
  std::atomic<std::uint64_t> puts_{0};
  std::atomic<std::uint64_t> checksum_errors_{0};
  std::atomic<std::uint64_t> compactions_{0};
  std::atomic<std::uint64_t> reclaimed_bytes_{0};
  std::atomic<std::uint64_t> scrubbed_bytes_{0};

  // Of the upkeep's thread alone.
  Millis next_checkpoint_ms_ = 0;
  std::map<std::uint16_t, Millis> retry_compaction_ms_;  // by slot

  std::mutex mutex_;  // guards what follows
  std::set<PhotoId> damaged_ids_;
  std::vector<std::string> damaged_;
  std::string compaction_trouble_;

  Upkeep upkeep_;  // the last: its thread uses everything above
};

Result<VerifyReport> VolumeStoreImpl::verify(const Progress& progress) {
  if (!volumes_->loaded()) {
    return fail(ErrorCode::kUnavailable, "store", "the store is being opened; try again soon");
  }
  VerifyReport report;
  const std::uint64_t total = volumes_->stats().index.live_bytes;
  for (const std::uint16_t slot : volumes_->slots()) {
    for (const auto& entry : volumes_->entries_in(slot)) {
      verify_one(entry, report);
      if (progress && !progress(report.bytes, std::max(total, report.bytes))) {
        return fail(ErrorCode::kClosed, "store", "verify was stopped");
      }
    }
  }
  return report;
}

// Looked up anew: it may have been replaced, removed or moved since the entry was copied.
void VolumeStoreImpl::verify_one(const VolumeSet::IndexedRecord& entry, VerifyReport& report) {
  const auto held = volumes_->hold();
  const auto now = volumes_->entry(entry.id);
  if (!now || now->version != entry.location.version || now->removed != entry.location.removed) {
    return;
  }
  if (!now->removed) {
    ++report.records;
    report.bytes += now->bytes;
  }
  const auto checked = check_frame(entry.id, *now);
  if (checked || volumes_->entry(entry.id) != now) return;
  ++report.damaged_count;
  std::string what = checked.error().message();
  if (now->removed) {
    const auto renewed = volumes_->renew_removal(entry.id);
    what = "its removal is damaged on disk: " + what +
           (renewed ? "; it was written again" : "; " + renewed.error().message());
  }
  report_damage(entry.id, what);
  if (report.damaged.size() < kMaxDamagedKept) {
    report.damaged.push_back(describe(entry.id, now->version, what));
  }
}

Result<void> VolumeStoreImpl::check_frame(PhotoId id, const Location& location) {
  FARM_TRY(const volume::FrameHeader header, volumes_->header_of(id, location));
  if (location.removed) return ok();
  return check_record({id, location.version, location.bytes}, header.payload_checksum,
                      [&](std::uint64_t offset, MutableByteView out) {
                        return volumes_->read(location, offset, out);
                      });
}

Result<std::uint64_t> VolumeStoreImpl::scrub() {
  const auto oldest = volumes_->oldest_scrub();
  if (!oldest || oldest->scrubbed_ms + config_.scrub_every.count() > clock_.now_ms()) {
    return std::uint64_t{0};
  }
  VerifyReport report;
  for (const auto& entry : volumes_->entries_in(oldest->slot)) {
    const std::uint64_t before = report.bytes;
    verify_one(entry, report);
    scrubbed_bytes_.fetch_add(report.bytes - before, std::memory_order_relaxed);
    if (!scrub_throttle_.pace(report.bytes - before)) {
      return fail(ErrorCode::kClosed, "store", "the scrub was stopped");
    }
  }
  volumes_->set_scrubbed(oldest->slot);
  if (report.damaged_count > 0) {
    obs::log_error("the scrub found damage", {{"photos", report.damaged_count}});
  }
  return report.bytes;
}

Result<CompactReport> VolumeStoreImpl::compact(const Progress& progress) {
  CompactReport report;
  const auto slots = volumes_->compactable(0, std::numeric_limits<Millis>::max());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (progress && !progress(i, slots.size())) {
      return fail(ErrorCode::kClosed, "store", "compaction was stopped");
    }
    if (compact_throttle_.stopped()) return fail(ErrorCode::kClosed, "store", "the store closes");
    (void)compact_volume(slots[i], report);
  }
  if (progress) progress(slots.size(), slots.size());
  if (const std::uint64_t stuck = volumes_->stuck_garbage_bytes(); stuck > 0) {
    report.failures.push_back(
        std::to_string(stuck) +
        " bytes of deleted photos stay on the disk, in volumes that are left as they are: they are "
        "damaged, or a disk did not take what was written last (/healthz names them); export what "
        "they hold and import it into a store on good disks");
  }
  (void)volumes_->checkpoint();  // without it the next start takes longer
  return report;
}

Result<void> VolumeStoreImpl::compact_volume(std::uint16_t slot, CompactReport& report) {
  auto done = volumes_->compact(slot, compact_throttle_);
  const std::lock_guard lock(mutex_);
  if (!done) {
    if (done.error().code == ErrorCode::kClosed) return fail(std::move(done).error());
    compaction_trouble_ = "a volume could not be rewritten, deleted photos stay on the disk: " +
                          done.error().message();
    obs::log_error(compaction_trouble_);
    report.failures.push_back(done.error().message());
    return fail(std::move(done).error());
  }
  const VolumeSet::Compaction& compaction = done.value();
  compaction_trouble_.clear();
  ++report.volumes;
  report.bytes_before += compaction.bytes_before;
  report.bytes_after += compaction.bytes_after;
  compactions_.fetch_add(1, std::memory_order_relaxed);
  reclaimed_bytes_.fetch_add(
      compaction.bytes_before - std::min(compaction.bytes_before, compaction.bytes_after),
      std::memory_order_relaxed);
  for (const PhotoId id : compaction.damaged) {
    note_damage(id, "its bytes do not match the checksum they were stored with");
  }
  obs::log_info("a volume was rewritten", {{"bytes_before", compaction.bytes_before},
                                           {"bytes_after", compaction.bytes_after}});
  return ok();
}

void VolumeStoreImpl::checkpoint_in_time() {
  const Millis now_ms = clock_.now_ms();
  if (now_ms < next_checkpoint_ms_) return;
  next_checkpoint_ms_ = now_ms + config_.checkpoint_every.count();
  if (const auto done = volumes_->checkpoint(); !done) {
    obs::log_warn("cannot write the index's checkpoint", {{"error", done.error().message()}});
  }
}

void VolumeStoreImpl::compact_what_is_worth_it() {
  const Millis now_ms = clock_.now_ms();
  CompactReport report;
  for (const std::uint16_t slot : volumes_->compactable(config_.compact_garbage / 100.0,
                                                        now_ms - config_.erase_within.count())) {
    if (compact_throttle_.stopped()) return;
    if (const auto retry = retry_compaction_ms_.find(slot);
        retry != retry_compaction_ms_.end() && now_ms < retry->second) {
      continue;
    }
    retry_compaction_ms_.erase(slot);
    if (!compact_volume(slot, report)) {
      retry_compaction_ms_[slot] = now_ms + kRetryCompactionMs;
    }
  }
  if (report.volumes > 0) next_checkpoint_ms_ = now_ms;
}

void VolumeStoreImpl::report_damage(PhotoId id, const std::string& what) {
  const std::lock_guard lock(mutex_);
  note_damage(id, what);
}

// The caller holds the mutex.
void VolumeStoreImpl::note_damage(PhotoId id, const std::string& what) {
  checksum_errors_.fetch_add(1, std::memory_order_relaxed);
  if (damaged_.size() >= kMaxDamagedShown || !damaged_ids_.insert(id).second) return;
  damaged_.push_back("photo " + id.str() + " is damaged: " + what);
}

StoreStats VolumeStoreImpl::stats() {
  const VolumeSet::Stats volumes = volumes_->stats();
  const VolumeSet::LoadState load = volumes_->load_state();
  StoreStats stats;
  stats.open = load.loaded;
  stats.open_bytes_done = load.bytes_done;
  stats.open_bytes_total = load.bytes_total;
  stats.photos = volumes.index.photos;
  stats.live_bytes = volumes.index.live_bytes;
  stats.garbage_bytes = volumes.garbage_bytes;
  stats.disk_free_bytes = volumes.disk_free_bytes;
  stats.volumes = volumes.volumes;
  stats.syncs = volumes.syncs;
  stats.puts = puts_.load(std::memory_order_relaxed);
  stats.checksum_errors = checksum_errors_.load(std::memory_order_relaxed);
  stats.compactions = compactions_.load(std::memory_order_relaxed);
  stats.reclaimed_bytes = reclaimed_bytes_.load(std::memory_order_relaxed);
  stats.scrubbed_bytes = scrubbed_bytes_.load(std::memory_order_relaxed);
  if (const auto oldest = volumes_->oldest_scrub()) stats.oldest_scrub_ms = oldest->scrubbed_ms;
  stats.checkpoint_ms = volumes.checkpoint_ms;
  stats.problems = volumes.problems;
  const std::lock_guard lock(mutex_);
  if (!compaction_trouble_.empty()) stats.problems.push_back(compaction_trouble_);
  stats.problems.insert(stats.problems.end(), damaged_.begin(), damaged_.end());
  return stats;
}

}  // namespace

Result<std::unique_ptr<VolumeStore>> attach_volume_store(io::FileSystem& files, const Clock& clock,
                                                         const std::filesystem::path& data_dir,
                                                         const Config& config) {
  const auto paths = config.paths.empty() ? std::vector{data_dir} : config.paths;
  FARM_TRY(auto volumes, VolumeSet::open(files, clock, paths, config.volume));
  return std::make_unique<VolumeStoreImpl>(std::move(volumes), clock, config);
}

Result<std::unique_ptr<VolumeStore>> open_volume_store(io::FileSystem& files, const Clock& clock,
                                                       const std::filesystem::path& data_dir,
                                                       const Config& config) {
  FARM_TRY(auto store, attach_volume_store(files, clock, data_dir, config));
  const std::atomic<bool> never{false};
  FARM_TRY(store->load(never));
  return store;
}

}  // namespace farm::store
