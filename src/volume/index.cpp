#include "volume/index.h"

#include <algorithm>
#include <utility>

namespace farm::volume {
namespace {

// Full to 85 % before it grows by 2/5: never under 60 %, so at most 24 / 0.607 = 39.5 bytes a
// photo.
constexpr std::size_t kFirstCapacity = 16;
constexpr std::size_t grown(std::size_t capacity) { return capacity + capacity * 2 / 5; }
constexpr bool too_full(std::size_t used, std::size_t capacity) {
  return used * 20 >= capacity * 17;
}

// All bits of the id reach the upper bits of the hash: two rounds of Fibonacci hashing (Knuth 6.4).
std::uint64_t mix(std::uint64_t id) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;
  id *= kGolden;
  id ^= id >> 32;
  id *= kGolden;
  return id ^ id >> 32;
}

std::size_t shard_of(std::uint64_t hash) { return hash >> 56; }

// Spreads the hash's lower 56 bits over a table of any size (Lemire's multiply-shift).
std::size_t slot_of(std::uint64_t hash, std::size_t capacity) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>((static_cast<Wide>(hash << 8) * capacity) >> 64);
}

bool is_removed(const IndexEntry& entry) { return (entry.flags & 1U) != 0; }

std::uint16_t flags_of(const Location& location) {
  return static_cast<std::uint16_t>(location.note << 1 | (location.removed ? 1U : 0U));
}

}  // namespace

Index::Index() : shards_(std::make_unique<std::array<Shard, kShards>>()) {}

// The entry of the id, or the free one where it would go. There always is a free one.
Index::Entry& Index::Shard::probe(std::uint64_t id, std::uint64_t hash) const {
  std::size_t at = slot_of(hash, capacity);
  while (entries[at].id != 0 && entries[at].id != id) {
    if (++at == capacity) at = 0;
  }
  return entries[at];
}

void Index::Shard::grow() {
  const std::size_t old_capacity = capacity;
  const auto old = std::move(entries);
  capacity = capacity == 0 ? kFirstCapacity : grown(capacity);
  entries = std::make_unique<Entry[]>(capacity);
  for (std::size_t i = 0; i < old_capacity; ++i) {
    if (old[i].id != 0) probe(old[i].id, mix(old[i].id)) = old[i];
  }
}

void Index::Shard::account(const Entry& entry, bool added) {
  if (is_removed(entry)) {
    removed += added ? 1 : -1;
  } else {
    live_bytes += added ? entry.bytes : -std::uint64_t{entry.bytes};
  }
}

Location Index::decode(const Entry& entry) {
  return {.offset = std::uint64_t{entry.offset} * 64,
          .bytes = entry.bytes,
          .version = entry.version,
          .slot = entry.slot,
          .removed = is_removed(entry),
          .note = static_cast<std::uint16_t>(entry.flags >> 1)};
}

std::optional<Location> Index::find(PhotoId id) const {
  const std::uint64_t hash = mix(id.value);
  const Shard& shard = (*shards_)[shard_of(hash)];
  const std::lock_guard lock(shard.mutex);
  if (shard.capacity == 0 || id.value == 0) return {};
  const Entry& entry = shard.probe(id.value, hash);
  if (entry.id == 0) return {};
  return decode(entry);
}

std::optional<Location> Index::set(PhotoId id, const Location& location) {
  const std::uint64_t hash = mix(id.value);
  Shard& shard = (*shards_)[shard_of(hash)];
  const std::lock_guard lock(shard.mutex);
  if (too_full(shard.used + 1, shard.capacity)) shard.grow();
  Entry& entry = shard.probe(id.value, hash);
  std::optional<Location> before;
  if (entry.id != 0) {
    before = decode(entry);
    shard.account(entry, false);
  } else {
    ++shard.used;
  }
  entry = {.id = id.value,
           .version = location.version,
           .offset = static_cast<std::uint32_t>(location.offset / 64),
           .bytes = location.bytes,
           .slot = location.slot,
           .flags = flags_of(location)};
  shard.account(entry, true);
  return before;
}

bool Index::move(PhotoId id, std::uint16_t slot, std::uint64_t offset, std::uint16_t to_slot,
                 std::uint64_t to_offset) {
  const std::uint64_t hash = mix(id.value);
  Shard& shard = (*shards_)[shard_of(hash)];
  const std::lock_guard lock(shard.mutex);
  if (shard.capacity == 0) return false;
  Entry& entry = shard.probe(id.value, hash);
  if (entry.id == 0 || entry.slot != slot || entry.offset != offset / 64) return false;
  entry.slot = to_slot;
  entry.offset = static_cast<std::uint32_t>(to_offset / 64);
  return true;
}

void Index::set_note(PhotoId id, std::uint32_t version, std::uint16_t note) {
  const std::uint64_t hash = mix(id.value);
  Shard& shard = (*shards_)[shard_of(hash)];
  const std::lock_guard lock(shard.mutex);
  if (shard.capacity == 0) return;
  Entry& entry = shard.probe(id.value, hash);
  if (entry.id == 0 || entry.version != version || is_removed(entry)) return;
  Location noted = decode(entry);
  noted.note = note;
  entry.flags = flags_of(noted);
}

Index::Counts Index::counts() const {
  Counts counts;
  counts.memory_bytes = sizeof(*this) + sizeof(*shards_);
  for (const Shard& shard : *shards_) {
    const std::lock_guard lock(shard.mutex);
    counts.photos += shard.used - shard.removed;
    counts.removed += shard.removed;
    counts.live_bytes += shard.live_bytes;
    counts.memory_bytes += shard.capacity * sizeof(Entry);
  }
  return counts;
}

bool Index::for_each(const std::function<bool(PhotoId, const Location&)>& visit) const {
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    for (const Entry& entry : copy_shard(shard)) {
      if (!visit(PhotoId{entry.id}, decode(entry))) return false;
    }
  }
  return true;
}

std::vector<IndexEntry> Index::copy_shard(std::size_t number) const {
  const Shard& shard = (*shards_)[number];
  std::vector<Entry> copy;
  const std::lock_guard lock(shard.mutex);
  copy.reserve(shard.used);
  for (std::size_t i = 0; i < shard.capacity; ++i) {
    if (shard.entries[i].id != 0) copy.push_back(shard.entries[i]);
  }
  return copy;
}

// Coming in the order of a table, they go into one of the same order: from its beginning to its
// end, which is fast.
bool Index::fill_shard(std::size_t number, std::span<const IndexEntry> entries) {
  Shard& shard = (*shards_)[number];
  const std::lock_guard lock(shard.mutex);
  if (entries.empty() || shard.capacity != 0) return entries.empty();
  std::size_t capacity = kFirstCapacity;
  while (too_full(entries.size(), capacity)) capacity = grown(capacity);
  shard.capacity = capacity;
  shard.entries = std::make_unique<Entry[]>(capacity);
  for (const Entry& entry : entries) {
    const std::uint64_t hash = mix(entry.id);
    if (entry.id == 0 || entry.id >> 63 != 0 || shard_of(hash) != number) {
      return false;
    }
    Entry& place = shard.probe(entry.id, hash);
    if (place.id != 0) return false;
    place = entry;
    ++shard.used;
    shard.account(entry, true);
  }
  return true;
}

void Index::swap(Index& other) {
  for (std::size_t number = 0; number < kShards; ++number) {
    Shard& mine = (*shards_)[number];
    Shard& theirs = (*other.shards_)[number];
    const std::scoped_lock lock(mine.mutex, theirs.mutex);
    std::swap(mine.entries, theirs.entries);
    std::swap(mine.capacity, theirs.capacity);
    std::swap(mine.used, theirs.used);
    std::swap(mine.removed, theirs.removed);
    std::swap(mine.live_bytes, theirs.live_bytes);
  }
}

}  // namespace farm::volume
