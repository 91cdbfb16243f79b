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
#include "volume/volume_set.h"

namespace farm::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPayloadBytes = 448;  // a frame of 512 bytes with its header

fs::path data_dir(const fs::path& work) { return work / "many"; }

std::unique_ptr<volume::VolumeSet> open_volumes(io::FileSystem& files, const fs::path& work) {
  static const SystemClock clock;
  return must(volume::VolumeSet::open(files, clock, {data_dir(work)}, {}));
}

std::vector<fs::path> volume_files(const fs::path& work) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(data_dir(work) / "volumes")) {
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
double plain_read_s(const std::vector<fs::path>& paths) {
  const Stopwatch watch;
  for (const fs::path& path : paths) read_through(path);
  return watch.wall_s();
}

}  // namespace

void fill(const FillOptions& options) {
  UnsyncedFiles files(io::posix_file_system());
  const auto volumes = open_volumes(files, options.work);
  const Bytes payload(kPayloadBytes, std::byte{0x5a});
  const ByteView part = payload;
  std::atomic<std::uint64_t> next{1};
  const Stopwatch watch;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options.writers; ++i) {
      threads.emplace_back([&] {
        for (std::uint64_t n = next++; n <= options.photos; n = next++) {
          // As ids are made: milliseconds, server, sequence.
          must(volumes->put({n << 22 | 1 << 12}, 1, {&part, 1}));
        }
      });
    }
  }
  std::cout << nlohmann::json{{"photos", options.photos}, {"seconds", watch.wall_s()}} << std::endl;
}

void measure_open(const OpenOptions& options) {
  const std::vector<fs::path> paths = volume_files(options.work);
  std::uint64_t file_bytes = 0;
  for (const fs::path& path : paths) file_bytes += fs::file_size(path);
  double plain_s = 0;
  if (options.cold) {
    for (const fs::path& path : paths) drop_from_page_cache(path);
    plain_s = plain_read_s(paths);
    for (const fs::path& path : paths) drop_from_page_cache(path);
  }
  const std::uint64_t resident_before = resident_bytes();
  const std::uint64_t read_before = self("io", "read_bytes:");
  const Stopwatch watch;
  auto volumes = open_volumes(io::posix_file_system(), options.work);
  const double seconds = watch.wall_s();
  const double cpu_s = watch.thread_cpu_s();
  const auto stats = volumes->stats();
  std::cout << nlohmann::json{{"seconds", seconds},
                              {"cpu_seconds", cpu_s},
                              {"photos", stats.index.photos},
                              {"index_bytes", stats.index.memory_bytes},
                              {"resident_bytes", resident_bytes() - resident_before},
                              {"disk_bytes", self("io", "read_bytes:") - read_before},
                              {"file_bytes", file_bytes},
                              {"plain_read_seconds", plain_s},
                              {"problems", stats.problems}}
            << std::endl;
}

}  // namespace farm::bench
