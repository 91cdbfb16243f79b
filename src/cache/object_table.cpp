#include "cache/object_table.h"

#include <algorithm>

namespace farm::cache {

namespace {

// A hit reads an object's first lines one after the other, nearly always from far memory: all are
// asked for at once.
void prefetch(const Object* object) {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kBytes = 512;  // what describes it, key, head
  const auto* const bytes = reinterpret_cast<const char*>(object);
  for (std::size_t at = 0; at < kBytes; at += kLine) __builtin_prefetch(bytes + at);
}

}  // namespace

Object* ObjectTable::find(std::uint64_t hash, std::string_view key) const {
  if (slots_ == 0) return nullptr;
  const auto low = static_cast<std::uint32_t>(hash);
  for (std::size_t at = low;; ++at) {
    const Slot& slot = table_[at & (slots_ - 1)];
    if (slot.object == nullptr) return nullptr;
    if (slot.hash != low) continue;
    prefetch(slot.object);
    if (slot.object->hash_ == hash && slot.object->key() == key) return slot.object;
  }
}

void ObjectTable::reserve_one() {
  if (needs_growth()) rebuild(grown_slots());
}

void ObjectTable::insert(Object& object, std::uint32_t tag_bits) {
  place({static_cast<std::uint32_t>(object.hash_), tag_bits, &object});
  ++count_;
}

void ObjectTable::place(const Slot& slot) {
  std::size_t at = slot.hash;
  while (table_[at & (slots_ - 1)].object != nullptr) ++at;
  table_[at & (slots_ - 1)] = slot;
}

void ObjectTable::erase(const Object& object) {
  const std::size_t mask = slots_ - 1;
  std::size_t hole = object.hash_ & mask;
  while (table_[hole].object != &object) hole = (hole + 1) & mask;
  // Knuth, The Art of Computer Programming 3, 6.4, algorithm R: what follows is moved up into the
  // hole, unless that would put it before its own place.
  for (std::size_t at = (hole + 1) & mask; table_[at].object != nullptr; at = (at + 1) & mask) {
    const std::size_t home = table_[at].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    table_[hole] = table_[at];
    hole = at;
  }
  table_[hole] = Slot{};
  --count_;
}

void ObjectTable::shrink() {
  std::size_t slots = 0;
  if (count_ > 0) {
    for (slots = kMinSlots; count_ * 4 > slots * 3;) slots *= 2;
  }
  if (slots < slots_) rebuild(slots);
}

void ObjectTable::rebuild(std::size_t slots) {
  const std::unique_ptr<Slot[]> old = std::move(table_);
  const std::size_t old_slots = std::exchange(slots_, slots);
  table_ = slots == 0 ? nullptr : std::make_unique<Slot[]>(slots);
  std::for_each(old.get(), old.get() + old_slots, [&](const Slot& slot) {
    if (slot.object != nullptr) place(slot);
  });
}

std::vector<Object*> ObjectTable::all(std::uint32_t tag_bits) const {
  std::vector<Object*> found;
  for (std::size_t at = 0; at < slots_; ++at) {
    const Slot& slot = table_[at];
    if (slot.object != nullptr && (slot.tag_bits & tag_bits) == tag_bits) {
      found.push_back(slot.object);
    }
  }
  return found;
}

}  // namespace farm::cache
