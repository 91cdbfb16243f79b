// Many photos: filling volumes with them, and what it takes to open a store of them.
#include <atomic>
#include <fstream>
#include <iostream>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "commands.h"
#include "file_wrappers.h"
#include "must.h"
#include "page_cache.h"
#include "stopwatch.h"
#include "store/volume_store.h"
#include "volume/index.h"

namespace farm::bench {
namespace {

constexpr std::size_t kPayloadBytes = 448;  // a frame of 512 bytes with its header

Path data_dir(const Path& work) { return work / "many"; }

auto open_store(io::FileSystem& files, const Path& work) {
  static const SystemClock clock;
  return must(store::open_volume_store(files, clock, data_dir(work), {}));
}

// Ids as they are made: milliseconds, server, sequence.
PhotoId nth_id(std::uint64_t n) { return {n << 22 | 1 << 12}; }

std::vector<Path> volume_files(const Path& work) {
  std::vector<Path> files;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir(work) / "volumes")) {
    if (entry.path().extension() == ".vol") files.push_back(entry.path());
  }
  return files;
}

// Field of /proc/self/NAME, e.g. "VmRSS:" of status.
std::uint64_t self(const std::string& name, const std::string& field) {
  std::ifstream file("/proc/self/" + name);
  std::string word;
  std::uint64_t value = 0;
  while (file >> word) {
    if (word == field && file >> value) return value;
  }
  give_up("no " + field + " in /proc/self/" + name);
}
std::uint64_t resident_bytes() { return self("status", "VmRSS:") * 1024; }

// The disk's own rate: the same files from one end to the other, nothing done with them.
double plain_read_s(const std::vector<Path>& paths) {
  const Stopwatch watch;
  for (const Path& path : paths) read_through(path);
  return watch.wall_s();
}

}  // namespace

void fill(const Path& work, const FillOptions& options) {
  UnsyncedFiles files(io::posix_file_system());
  const auto store = open_store(files, work);
  const Bytes payload(kPayloadBytes, std::byte{0x5a});
  const ByteView part = payload;
  std::atomic<std::uint64_t> next{1};
  const Stopwatch watch;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options.writers; ++i) {
      threads.emplace_back([&] {
        for (std::uint64_t n = next++; n <= options.photos; n = next++) {
          must(store->put(nth_id(n), 1, {&part, 1}));
        }
      });
    }
  }
  std::cout << nlohmann::json{{"photos", options.photos}, {"seconds", watch.wall_s()}} << std::endl;
}

void measure_index(const IndexOptions& options) {
  const std::uint64_t resident_before = resident_bytes();
  volume::Index index;
  for (std::uint64_t n = 1; n <= options.photos; ++n) {
    index.set(nth_id(n), {.offset = n % (1 << 20) * 512, .bytes = kPayloadBytes, .version = 1});
  }
  const volume::Index::Counts counts = index.counts();
  std::cout << nlohmann::json{{"photos", counts.photos},
                              {"index_bytes", counts.memory_bytes},
                              {"resident_bytes", resident_bytes() - resident_before}}
            << std::endl;
}

void measure_open(const Path& work, const OpenOptions& options) {
  const std::vector<Path> paths = volume_files(work);
  const Path checkpoint = data_dir(work) / "index.checkpoint";
  if (!options.checkpoint) std::filesystem::remove(checkpoint);
  const bool has_checkpoint = std::filesystem::exists(checkpoint);
  std::uint64_t file_bytes = 0;
  for (const Path& path : paths) file_bytes += std::filesystem::file_size(path);
  double plain_s = 0;
  if (options.cold) {
    for (const Path& path : paths) drop_from_page_cache(path);
    plain_s = plain_read_s(paths);
    for (const Path& path : paths) drop_from_page_cache(path);
    if (has_checkpoint) drop_from_page_cache(checkpoint);
  }
  const std::uint64_t resident_before = resident_bytes();
  const std::uint64_t read_before = self("io", "read_bytes:");
  const Stopwatch watch;
  const auto store = open_store(io::posix_file_system(), work);
  const double seconds = watch.wall_s();
  const double cpu_s = watch.thread_cpu_s();
  const std::uint64_t resident_after = resident_bytes();
  const store::StoreStats stats = store->stats();
  for (const std::string& problem : stats.problems) give_up(problem);
  std::cout << nlohmann::json{{"seconds", seconds},
                              {"cpu_seconds", cpu_s},
                              {"checkpoint", has_checkpoint},
                              {"photos", stats.photos},
                              {"resident_bytes", resident_after - resident_before},
                              {"disk_bytes", self("io", "read_bytes:") - read_before},
                              {"file_bytes", file_bytes},
                              {"plain_read_seconds", plain_s}}
            << std::endl;
}

}  // namespace farm::bench
