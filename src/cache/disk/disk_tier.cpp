#include "cache/disk/disk_tier.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <thread>

#include "base/digest.h"
#include "cache/disk/disk.h"

namespace farm::cache {
namespace {

constexpr std::uint64_t kLeastSegments = 16;
constexpr std::uint64_t kObjectsASegment = 4;

std::uint64_t new_disk_id() {
  std::array<std::byte, 8> bytes;
  random_bytes(bytes);
  return load_le<std::uint64_t>(bytes, 0);
}

// The finalizer of MurmurHash3 (Appleby, public domain): every bit of the input moves half of the
// output's.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ value >> 33U) * 0xff51afd7ed558ccdU;
  value = (value ^ value >> 33U) * 0xc4ceb9fe1a85ec53U;
  return value ^ value >> 33U;
}

}  // namespace

DiskTierOptions disk_tier_options(const Config& config) {
  return {.disks = config.disks,
          .object_max_bytes = config.disk_object_max_bytes,
          .write_budget = config.disk_write_budget,
          .segment_bytes = config.disk_segment_bytes,
          .queue_bytes = config.disk_queue_bytes};
}

std::uint64_t segment_bytes_for(std::uint64_t disk_bytes, std::uint64_t asked_bytes,
                                std::uint64_t object_max_bytes) {
  constexpr std::uint64_t kStep = 4096;
  const std::uint64_t wanted = std::max(std::min(asked_bytes, disk_bytes / kLeastSegments),
                                        kObjectsASegment * object_max_bytes);
  return std::clamp(wanted / kStep * kStep, 4 * kStep, Location::kMaxSegmentBytes);
}

DiskTier::DiskTier(io::FileSystem& files, const Clock& clock, const DiskTierOptions& options)
    : files_(files), clock_(clock), secret_(HashSecret::random()) {
  for (const DiskPlace& place : options.disks) {
    Place& made = places_.emplace_back();
    made.path = place.path;
    made.weight = static_cast<double>(place.bytes);
  }
}

DiskTier::~DiskTier() { stop(); }

Result<std::unique_ptr<DiskTier>> DiskTier::open(io::FileSystem& files, const Clock& clock,
                                                 const DiskTierOptions& options) {
  if (options.disks.size() > DiskHead::kMaxDisks) {
    return fail(ErrorCode::kInvalidArgument, "cache", "there are more than 64 disks");
  }
  std::unique_ptr<DiskTier> tier(new DiskTier(files, clock, options));
  tier->take_directories(options);
  tier->settle_identities();
  tier->load_disks();
  for (const Place& place : tier->places_) {
    if (place.disk) place.disk->start();
  }
  return tier;
}

void DiskTier::take_directories(const DiskTierOptions& options) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const DiskPlace& wanted = options.disks[i];
    auto home = DiskHome::open(files_, wanted.path);
    if (!home) {
      set_aside(places_[i], home.error());
      continue;
    }
    places_[i].disk = std::make_unique<Disk>(
        files_, clock_, std::move(home).value(),
        DiskOptions{.number = static_cast<std::uint32_t>(i),
                    .bytes = wanted.bytes,
                    .segment_bytes = segment_bytes_for(wanted.bytes, options.segment_bytes,
                                                       options.object_max_bytes),
                    .object_max_bytes = options.object_max_bytes,
                    .write_budget = options.write_budget,
                    .queue_bytes = options.queue_bytes,
                    .dropped_out = [this](std::uint32_t number) { dropped_out(number); }});
  }
}

void DiskTier::set_aside(Place& place, const Error& why) {
  place.disk.reset();
  place.problem = place.path.string() + " is not used: " + why.message();
}

// Disks tell by their epoch who was there when the others were changed last: one that was not may
// have what has been replaced since, and begins anew.
void DiskTier::settle_identities() {
  const DiskHead* newest = nullptr;
  for (const Place& place : places_) {
    if (!place.disk || !place.disk->home().head()) continue;
    const DiskHead& head = *place.disk->home().head();
    if (newest == nullptr || head.epoch > newest->epoch) newest = &head;
  }
  std::vector<std::uint64_t> expected;
  if (newest != nullptr) {
    epoch_ = newest->epoch;
    secret_ = newest->secret;
    expected = newest->members;
  }
  for (Place& place : places_) {
    if (!place.disk) continue;
    const auto& head = place.disk->home().head();
    const auto same_id = [&](const Place& other) {
      return &other != &place && other.id == head->disk;
    };
    const bool belongs = head && head->epoch == epoch_ && head->secret == secret_ &&
                         head->members == expected && std::ranges::none_of(places_, same_id);
    if (belongs) {
      place.id = head->disk;
      continue;
    }
    place.id = new_disk_id();
    if (auto cleared = place.disk->home().clear(); !cleared) set_aside(place, cleared.error());
  }
  if (members() != expected) give_heads(epoch_ + 1);
}

std::vector<std::uint64_t> DiskTier::members() const {
  std::vector<std::uint64_t> ids;
  for (const Place& place : places_) {
    if (place.disk && place.disk->works()) ids.push_back(place.id);
  }
  std::ranges::sort(ids);
  return ids;
}

// Until they all agree on who they are: one that cannot take its head is none of them.
void DiskTier::give_heads(std::uint64_t epoch) {
  for (bool again = true; again; ++epoch) {
    again = false;
    epoch_ = epoch;
    const std::vector<std::uint64_t> ids = members();
    for (Place& place : places_) {
      if (!place.disk || !place.disk->works()) continue;
      const auto written = place.disk->home().write_head(
          {.disk = place.id, .epoch = epoch, .secret = secret_, .members = ids});
      if (written) continue;
      place.disk->drop_out(written.error());
      again = true;
    }
  }
}

void DiskTier::load_disks() {
  std::vector<std::optional<Error>> errors(places_.size());
  const auto load = [&](std::size_t i) {
    Disk& disk = *places_[i].disk;
    if (!disk.works()) return;
    if (auto loaded = disk.load(); !loaded) errors[i] = loaded.error();
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].disk) threads.emplace_back(load, i);
  }
  for (std::thread& thread : threads) thread.join();

  const std::vector<std::uint64_t> before = members();
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    if (!place.disk) continue;
    if (!errors[i] && place.disk->works()) {
      mask |= std::uint64_t{1} << i;
      continue;
    }
    place.disk->home().disown();
    set_aside(place,
              errors[i] ? *errors[i] : make_error(ErrorCode::kIo, "cache", "it has no head"));
  }
  if (members() != before) give_heads(epoch_ + 1);
  mask_ = mask;
  if (std::popcount(mask) < 2) return;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!places_[i].disk) continue;
    // Of when there were other disks: what belongs elsewhere now may have been replaced there.
    places_[i].disk->keep_only([&](std::uint64_t hash) { return place_of(hash, mask) == i; });
  }
}

// Weighted rendezvous (Thaler, Ravishankar, "Using name-based mappings to increase hit rates",
// 1998; weights as in Schindelhauer, Schomaker, "Weighted distributed hash tables", 2005): when a
// disk goes, only what it had moves.
std::size_t DiskTier::place_of(std::uint64_t hash, std::uint64_t mask) const {
  if (std::has_single_bit(mask)) return static_cast<std::size_t>(std::countr_zero(mask));
  std::size_t best = 0;
  double least = INFINITY;
  for (std::uint64_t left = mask; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    const double share = (static_cast<double>(mixed(hash ^ places_[i].id) >> 11U) + 0.5) * 0x1p-53;
    const double distance = -std::log(share) / places_[i].weight;
    if (distance >= least) continue;
    least = distance;
    best = i;
  }
  return best;
}

Disk* DiskTier::disk_of(std::uint64_t hash) const {
  const std::uint64_t mask = mask_.load();
  return mask == 0 ? nullptr : places_[place_of(hash, mask)].disk.get();
}

// By the thread of that disk. The others must know that it was away before they take what was its.
void DiskTier::dropped_out(std::uint32_t) {
  const std::lock_guard lock(membership_mutex_);
  give_heads(epoch_ + 1);
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].disk && places_[i].disk->works()) mask |= std::uint64_t{1} << i;
  }
  mask_ = mask;
}

std::optional<ObjectRef> DiskTier::try_read(std::string_view key) {
  const std::uint64_t hash = this->hash(key);
  Disk* const disk = disk_of(hash);
  return disk == nullptr ? ObjectRef() : disk->find(hash, key, false);
}

ObjectRef DiskTier::read(std::string_view key) {
  const std::uint64_t hash = this->hash(key);
  Disk* const disk = disk_of(hash);
  return disk == nullptr ? ObjectRef() : *disk->find(hash, key, true);
}

void DiskTier::offer(const ObjectRef& object, bool requested_before) {
  const std::uint64_t hash = this->hash(object->key());
  if (Disk* const disk = disk_of(hash)) disk->offer(hash, object, requested_before);
}

bool DiskTier::erase(std::string_view key) {
  const std::uint64_t hash = this->hash(key);
  Disk* const disk = disk_of(hash);
  return disk != nullptr && disk->erase(hash);
}

std::vector<DiskStats> DiskTier::stats_by_disk() const {
  std::vector<DiskStats> all;
  for (const Place& place : places_) {
    DiskStats& stats = all.emplace_back();
    if (place.disk) stats = place.disk->stats();
    if (!place.problem.empty()) stats.problems.push_back(place.problem);
  }
  return all;
}

DiskStats DiskTier::stats() const {
  DiskStats sum;
  for (const DiskStats& each : stats_by_disk()) sum += each;
  return sum;
}

void DiskTier::flush() {
  for (const Place& place : places_) {
    if (place.disk) place.disk->flush();
  }
}

void DiskTier::stop() {
  for (const Place& place : places_) {
    if (place.disk) place.disk->stop();
  }
}

}  // namespace farm::cache
