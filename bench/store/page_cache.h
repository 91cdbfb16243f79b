// What of a file is in the page cache.
#pragma once

#include <cstddef>
#include <filesystem>

namespace farm::bench {

// Reads it from one end to the other: all of it is in the cache then, where there is room.
void read_through(const std::filesystem::path& path);

// None of it is in the cache then. What is dirty is written first.
void drop_from_page_cache(const std::filesystem::path& path);

// Keeps a file in the page cache as long as it lives, where the system lets it be locked; else it
// is only read.
class KeptInCache {
 public:
  explicit KeptInCache(const std::filesystem::path& path);
  KeptInCache(const KeptInCache&) = delete;
  KeptInCache& operator=(const KeptInCache&) = delete;
  ~KeptInCache();

 private:
  void* memory_;
  std::size_t bytes_;
};

}  // namespace farm::bench
