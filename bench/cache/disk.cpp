#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/clock.h"
#include "cache/disk/disk_tier.h"
#include "cache/memory_tier.h"
#include "commands.h"
#include "workload.h"

namespace farm::bench {
namespace {

constexpr std::uint64_t kMemoryObjectMax = 64 << 10;
constexpr std::uint64_t kDiskObjectMax = 512 << 10;
const std::string kHead(400, 'h');

const SystemClock& clock() {
  static const SystemClock system;
  return system;
}

std::unique_ptr<cache::DiskTier> open_tier(const DiskOptions& options) {
  cache::Config config;
  config.disks = {{options.directory, options.bytes}};
  config.disk_write_budget = 0;
  auto tier =
      cache::DiskTier::open(io::posix_file_system(), clock(), cache::disk_tier_options(config));
  if (!tier || tier.value()->stats().disks != 1) {
    std::fprintf(stderr, "farm_cache_bench: %s cannot be used\n", options.directory.c_str());
    std::exit(1);
  }
  return std::move(tier).value();
}

std::string key_of(std::uint64_t n) { return "/1/" + std::to_string(n) + ".jpg"; }

cache::ObjectDraft draft_of(std::uint64_t n, std::uint64_t bytes) {
  const std::string key = key_of(n);
  cache::ObjectDraft draft({.key = key, .head = kHead, .body_bytes = bytes});
  std::memset(draft.body().data(), static_cast<int>(n & 0xffU), draft.body().size());
  return draft;
}

unsigned long long printed(std::uint64_t number) { return number; }

}  // namespace

void fill_disk(const DiskOptions& options, bool killed) {
  const auto sizes = read_sizes(options.sizes);
  auto tier = open_tier(options);
  cache::MemoryTier maker({.capacity_bytes = 0});
  std::uint64_t number = 0;
  for (std::uint64_t offered = 0; offered < options.bytes; ++number) {
    const std::uint64_t bytes = sizes[number * 7919 % sizes.size()];
    if (bytes + kHead.size() > kDiskObjectMax) continue;
    tier->offer(maker.insert(draft_of(number, bytes)), true);
    offered += bytes + kHead.size();
    if (number % 128 == 127) tier->flush();  // slower than its queue fills
  }
  tier->flush();
  const cache::DiskStats stats = tier->stats();
  std::printf("{\"objects\": %llu, \"bytes\": %llu, \"written\": %llu, \"offered\": %llu}\n",
              printed(stats.objects), printed(stats.bytes), printed(stats.written_bytes),
              printed(number));
  std::fflush(stdout);
  if (killed) ::_exit(0);  // as kill -9: no destructor, no thread goes on
}

void restart_disk(const DiskOptions& options) {
  // As after a start of the machine: nothing of it is in the page cache.
  io::FileSystem& files = io::posix_file_system();
  const auto names = files.list(options.directory).value();
  for (const std::string& name : names) {
    const auto file = files.open(options.directory + "/" + name, io::OpenMode::kReadWrite);
    if (!file || !file.value()->sync_data()) continue;
    file.value()->drop_cache(0, file.value()->size().value());
  }
  const auto began = std::chrono::steady_clock::now();
  auto tier = open_tier(options);
  const std::chrono::duration<double> opened = std::chrono::steady_clock::now() - began;
  // The first object that is there; the oldest are gone.
  std::uint64_t number = 0;
  for (number = 0; number < options.bytes; number += 997) {
    if (tier->read(key_of(number))) break;
  }
  const std::chrono::duration<double> served = std::chrono::steady_clock::now() - began;
  const cache::DiskStats stats = tier->stats();
  std::printf(
      "{\"opened_s\": %.4f, \"served_s\": %.4f, \"objects\": %llu, \"index_bytes\": %llu, "
      "\"bytes\": %llu, \"first\": %llu, \"rss\": %llu}\n",
      opened.count(), served.count(), printed(stats.objects), printed(stats.index_bytes),
      printed(stats.bytes), printed(number), printed(resident_bytes("VmRSS")));
  std::fflush(stdout);
  ::_exit(0);  // what is there stays as it was
}

void measure_both(const BothOptions& options) {
  const WorkloadOptions& workload = options.workload;
  const auto sizes = draw_sizes(read_sizes(workload.sizes), workload.objects);
  std::uint64_t footprint = 0;
  for (const std::uint64_t size : sizes) footprint += size;
  Zipf zipf(workload.objects, workload.alpha);
  const std::uint64_t base = resident_bytes("VmRSS");
  const auto disk = open_tier(options.disk);
  cache::MemoryTier memory({.capacity_bytes = options.memory,
                            .object_max_bytes = kMemoryObjectMax,
                            .evicted = [&](const cache::ObjectRef& object, bool asked_again) {
                              disk->offer(object, asked_again);
                            }});
  std::uint64_t memory_hits = 0;
  std::uint64_t disk_hits = 0;
  std::uint64_t requested = 0;
  std::uint64_t written_before = 0;
  std::uint64_t counted = 0;
  for (std::uint64_t i = 0; i < workload.requests; ++i) {
    if (i == workload.requests / 2) {
      written_before = disk->stats().written_bytes;
      memory_hits = disk_hits = requested = counted = 0;
    }
    const std::uint64_t n = zipf.next();
    const std::string key = key_of(n);
    requested += sizes[n];
    ++counted;
    if (memory.find(key)) {
      ++memory_hits;
    } else if (const cache::ObjectRef found = disk->read(key)) {
      ++disk_hits;
      memory.insert(found);
    } else {
      const cache::ObjectRef made = memory.insert(draft_of(n, sizes[n]));
      if (made->content_bytes() > kMemoryObjectMax) disk->offer(made, false);
    }
  }
  const cache::DiskStats stats = disk->stats();
  const auto share = [](std::uint64_t part, std::uint64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  std::printf(
      "{\"memory_hits\": %.5f, \"disk_hits\": %.5f, \"written\": %.5f, \"base\": %llu, "
      "\"highest\": %llu, \"rss\": %llu, \"objects\": %llu, \"index_bytes\": %llu, "
      "\"footprint\": %llu, \"refused_queue\": %llu, \"corrupt\": %llu}\n",
      share(memory_hits, counted), share(disk_hits, counted),
      share(stats.written_bytes - written_before, requested), printed(base),
      printed(resident_bytes("VmHWM")), printed(resident_bytes("VmRSS")), printed(stats.objects),
      printed(stats.index_bytes), printed(footprint), printed(stats.refused_queue),
      printed(stats.corrupt));
}

}  // namespace farm::bench
