// Sizes that were made on demand, as long as there is room for them: the least recently used go
// first. Bounded in bytes, all included. Thread-safe; what it gives out stays good while it is
// held.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "photo/size_code.h"

namespace farm::roles {

struct Rendition {
  photo::Format format;
  Bytes bytes;
  std::uint64_t fingerprint = 0;  // of the bytes: makes the ETag
};
using RenditionPtr = std::shared_ptr<const Rendition>;

class RenditionCache {
 public:
  // 0: keeps nothing.
  explicit RenditionCache(std::uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  // Null if it is not there.
  RenditionPtr find(const std::string& key);
  // What is there already under that key stays. What alone is over an eighth of all is not kept:
  // it would push out too many others.
  void add(const std::string& key, RenditionPtr rendition);
  std::uint64_t bytes() const;

 private:
  struct Entry {
    std::string key;
    RenditionPtr rendition;
  };
  static std::uint64_t cost(const Entry& entry);

  const std::uint64_t capacity_bytes_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint64_t bytes_ = 0;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;
};

}  // namespace farm::roles
