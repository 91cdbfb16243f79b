#include "cache/disk/disk_index.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace farm::cache {
namespace {

constexpr std::size_t kMinSize = 16;

}  // namespace

IndexEntry* DiskIndex::Part::find(std::uint64_t hash) const {
  if (size == 0) return nullptr;
  for (std::size_t at = home(hash);; at = at + 1 == size ? 0 : at + 1) {
    if (table[at].bits == 0) return nullptr;
    if (table[at].hash == hash) return &table[at];
  }
}

void DiskIndex::Part::put(const IndexEntry& entry) {
  if (IndexEntry* const there = find(entry.hash)) {
    *there = entry;
    return;
  }
  if ((count + 1) * 5 > size * 4) resize(std::max(kMinSize, size + size / 4));
  std::size_t at = home(entry.hash);
  while (table[at].bits != 0) at = at + 1 == size ? 0 : at + 1;
  table[at] = entry;
  ++count;
}

void DiskIndex::Part::erase(IndexEntry& entry) {
  // As in object_table.cpp: what follows moves up into the hole, unless that would put it before
  // its own place.
  auto hole = static_cast<std::size_t>(&entry - table.get());
  const auto distance = [&](std::size_t from, std::size_t to) {
    return to >= from ? to - from : to + size - from;
  };
  for (std::size_t at = hole + 1 == size ? 0 : hole + 1; table[at].bits != 0;
       at = at + 1 == size ? 0 : at + 1) {
    if (distance(home(table[at].hash), at) < distance(hole, at)) continue;
    table[hole] = table[at];
    hole = at;
  }
  table[hole] = IndexEntry{};
  --count;
}

void DiskIndex::Part::resize(std::size_t to) {
  const std::unique_ptr<IndexEntry[]> old =
      std::exchange(table, to == 0 ? nullptr : std::make_unique<IndexEntry[]>(to));
  const std::size_t old_size = std::exchange(size, to);
  std::for_each(old.get(), old.get() + old_size, [&](const IndexEntry& entry) {
    if (entry.bits == 0) return;
    std::size_t at = home(entry.hash);
    while (table[at].bits != 0) at = at + 1 == size ? 0 : at + 1;
    table[at] = entry;
  });
}

std::optional<IndexEntry> DiskIndex::find(std::uint64_t hash) const {
  const Part& part = part_of(hash);
  const std::lock_guard lock(part.lock);
  const IndexEntry* const found = part.find(hash);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::optional<Location> DiskIndex::touch(std::uint64_t hash) {
  Part& part = part_of(hash);
  const std::lock_guard lock(part.lock);
  IndexEntry* const found = part.find(hash);
  if (found == nullptr) return std::nullopt;
  found->bits |= 1U;
  return found->location();
}

void DiskIndex::put(std::uint64_t hash, const Location& location, bool hit) {
  Part& part = part_of(hash);
  const std::lock_guard lock(part.lock);
  part.put({hash, location.packed(hit)});
}

bool DiskIndex::erase(std::uint64_t hash) {
  Part& part = part_of(hash);
  const std::lock_guard lock(part.lock);
  IndexEntry* const found = part.find(hash);
  if (found == nullptr) return false;
  part.erase(*found);
  return true;
}

bool DiskIndex::erase_at(std::uint64_t hash, const Location& location) {
  Part& part = part_of(hash);
  const std::lock_guard lock(part.lock);
  IndexEntry* const found = part.find(hash);
  if (found == nullptr || found->location() != location) return false;
  part.erase(*found);
  return true;
}

bool DiskIndex::move(std::uint64_t hash, const Location& from, const Location& to) {
  Part& part = part_of(hash);
  const std::lock_guard lock(part.lock);
  IndexEntry* const found = part.find(hash);
  if (found == nullptr || found->location() != from) return false;
  found->bits = to.packed(false);
  return true;
}

std::uint64_t DiskIndex::erase_if(const std::function<bool(const IndexEntry&)>& matches) {
  std::uint64_t erased = 0;
  for (Part& part : parts_) {
    const std::lock_guard lock(part.lock);
    std::vector<std::uint64_t> hashes;
    std::for_each(part.table.get(), part.table.get() + part.size, [&](const IndexEntry& entry) {
      if (entry.bits != 0 && matches(entry)) hashes.push_back(entry.hash);
    });
    for (const std::uint64_t hash : hashes) part.erase(*part.find(hash));
    erased += hashes.size();
  }
  return erased;
}

std::vector<IndexEntry> DiskIndex::copy_part(std::size_t number) const {
  const Part& part = parts_[number];
  const std::lock_guard lock(part.lock);
  std::vector<IndexEntry> entries;
  entries.reserve(part.count);
  std::for_each(part.table.get(), part.table.get() + part.size, [&](const IndexEntry& entry) {
    if (entry.bits != 0) entries.push_back(entry);
  });
  return entries;
}

void DiskIndex::clear() {
  for (Part& part : parts_) {
    const std::lock_guard lock(part.lock);
    part.table.reset();
    part.size = part.count = 0;
  }
}

void DiskIndex::reserve(std::uint64_t entries) {
  const std::uint64_t each = entries / kParts + 1;
  for (Part& part : parts_) {
    const std::lock_guard lock(part.lock);
    if (each * 5 > part.size * 4) part.resize(each * 5 / 4 + kMinSize);
  }
}

std::uint64_t DiskIndex::count() const {
  std::uint64_t sum = 0;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.lock);
    sum += part.count;
  }
  return sum;
}

std::uint64_t DiskIndex::memory_bytes() const {
  std::uint64_t sum = sizeof *this;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.lock);
    sum += part.size * sizeof(IndexEntry);
  }
  return sum;
}

}  // namespace farm::cache
