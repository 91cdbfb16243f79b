#include "cache/lru.h"

namespace farm::cache {

void Lru::admit(Object& object, const Object* /*replaced*/) { queue_.add(object); }

void Lru::touch(Object& object) {
  queue_.remove(object);
  queue_.add(object);
}

void Lru::forget(Object& object) { queue_.remove(object); }

Object* Lru::evict(std::uint64_t /*capacity*/) {
  Object* const victim = queue_.oldest();
  if (victim != nullptr) queue_.remove(*victim);
  return victim;
}

}  // namespace farm::cache
