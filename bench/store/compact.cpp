// Taking back the space of deleted photos while others are read.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "bench_record.h"
#include "commands.h"
#include "file_wrappers.h"
#include "must.h"
#include "stopwatch.h"
#include "store/volume_store.h"

namespace farm::bench {
namespace {

constexpr std::size_t kNoiseBytes = 16 << 20;

Path data_dir(const Path& work) { return work / "compact"; }

auto open_store(io::FileSystem& files, const Path& work, bool upkeep = false) {
  static const SystemClock clock;
  store::Config config;
  config.volume.volume_bytes = std::uint64_t{256} << 20;  // several of them
  config.upkeep = upkeep;
  return must(store::open_volume_store(files, clock, data_dir(work), config));
}

std::uint64_t disk_bytes(const Path& work) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir(work) / "volumes")) {
    struct stat status {};
    if (::stat(entry.path().c_str(), &status) != 0) give_up("cannot stat " + entry.path().string());
    bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return bytes;
}

using Records = std::vector<store::StoredRecord>;

Records fill(const Path& work, const CompactOptions& options) {
  UnsyncedFiles files(io::posix_file_system());
  const auto store = open_store(files, work);
  const Sizes sizes = Sizes::load(options.sizes);
  const Noise noise(kNoiseBytes);
  Random random(4);
  Records records;
  for (std::uint64_t id = 1; id <= options.photos; ++id) {
    const Picture picture{photo::SizeCode::kOriginal, noise.pick(sizes.pick(random), random)};
    must(store->put({id}, 1, BenchRecord({id}, {&picture, 1}).parts()));
    records.push_back(*store->find({id}));
  }
  return records;
}

// Each second one, at random. Returns the bytes of their records.
std::uint64_t delete_half(const Path& work, Records& records) {
  UnsyncedFiles files(io::posix_file_system());
  const auto store = open_store(files, work);
  Random random(records.size());
  std::uint64_t bytes = 0;
  std::erase_if(records, [&](const store::StoredRecord& record) {
    if (random() % 2 == 0) return false;
    must(store->remove(record.id));
    bytes += record.bytes;
    return true;
  });
  return bytes;
}

// Reads photos at a fixed rate, and notes how long after its time each one was there: a read that
// waits makes those behind it late, as it would for viewers.
class SteadyReader {
 public:
  SteadyReader(store::PhotoStore& store, const Records& records, double rate)
      : thread_([this, &store, &records, rate] { run(store, records, rate); }) {}

  // Ends it; microseconds of each read, in order of size.
  std::vector<double> finish() {
    stopped_ = true;
    thread_.join();
    std::ranges::sort(latencies_us_);
    return std::move(latencies_us_);
  }

 private:
  void run(store::PhotoStore& store, const Records& records, double rate) {
    Random random(5);
    Bytes buffer(kNoiseBytes);
    const Stopwatch watch;
    for (std::uint64_t n = 0; !stopped_; ++n) {
      const double due_s = static_cast<double>(n) / rate;
      if (const double early_s = due_s - watch.wall_s(); early_s > 0) {
        std::this_thread::sleep_for(std::chrono::duration<double>(early_s));
      }
      const store::StoredRecord& record = records[random() % records.size()];
      const auto read =
          must(store.read(record.id, 0, 0, MutableByteView(buffer).first(record.bytes)));
      if (read.size != record.bytes) give_up("a record was cut short");
      latencies_us_.push_back((watch.wall_s() - due_s) * 1e6);
    }
  }

  std::atomic<bool> stopped_{false};
  std::vector<double> latencies_us_;
  std::thread thread_;
};

double percentile(const std::vector<double>& ordered, double share) {
  if (ordered.empty()) give_up("nothing was read");
  return ordered[static_cast<std::size_t>(share * static_cast<double>(ordered.size() - 1))];
}

nlohmann::json latencies(const std::vector<double>& ordered_us) {
  return {{"reads", ordered_us.size()},
          {"p50_us", percentile(ordered_us, 0.5)},
          {"p90_us", percentile(ordered_us, 0.9)},
          {"p99_us", percentile(ordered_us, 0.99)}};
}

void pause(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

// Sectors that the machine's disks have written since it started: the seventh number behind each
// name in /proc/diskstats (Documentation/admin-guide/iostats.rst).
std::uint64_t sectors_written() {
  std::ifstream file("/proc/diskstats");
  std::uint64_t total = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 3; ++i) words >> word;
    std::uint64_t value = 0;
    for (int i = 0; i < 7; ++i) words >> value;
    total += value;
  }
  return total;
}

// Until the disks have had next to nothing to write for a while, within bounds.
void wait_for_quiet_disks() {
  constexpr int kMostSeconds = 30;
  constexpr std::uint64_t kFewSectors = 2048;
  ::sync();
  int quiet = 0;
  std::uint64_t before = sectors_written();
  for (int second = 0; second < kMostSeconds && quiet < 3; ++second) {
    pause(1);
    const std::uint64_t now = sectors_written();
    quiet = now - before < kFewSectors ? quiet + 1 : 0;
    before = now;
  }
}

nlohmann::json read_undisturbed(const Path& work, const Records& records,
                                const CompactOptions& options) {
  const auto store = open_store(io::posix_file_system(), work);
  wait_for_quiet_disks();
  SteadyReader reader(*store, records, options.rate);
  pause(options.seconds);
  return latencies(reader.finish());
}

// By upkeep, at the rate that it keeps to, until no volume is left as it was.
void compact_in_background(store::PhotoStore& store, std::uint64_t volumes) {
  constexpr double kPatienceS = 600;
  const Stopwatch watch;
  while (store.stats().compactions < volumes) {
    if (watch.wall_s() > kPatienceS) give_up("compaction in the background takes too long");
    pause(0.02);
  }
}

nlohmann::json compact(const Path& work, Records& records, const CompactOptions& options,
                       bool in_background) {
  const std::uint64_t deleted_bytes = delete_half(work, records);
  wait_for_quiet_disks();
  const std::uint64_t before = disk_bytes(work);
  const auto store = open_store(io::posix_file_system(), work, in_background);
  SteadyReader reader(*store, records, options.rate);
  const Stopwatch watch;
  if (in_background) {
    compact_in_background(*store, store->stats().volumes);
  } else {
    const store::CompactReport report = must(store->compact({}));
    for (const std::string& failure : report.failures) give_up(failure);
  }
  const double seconds = watch.wall_s();
  nlohmann::json line = latencies(reader.finish());
  line.update({{"seconds", seconds},
               {"deleted_bytes", deleted_bytes},
               {"reclaimed_bytes", before - disk_bytes(work)}});
  return line;
}

}  // namespace

void measure_compact(const Path& work, const CompactOptions& options) {
  Records records = fill(work, options);
  const auto tell = [](const char* what, nlohmann::json line) {
    line["what"] = what;
    std::cout << line << std::endl;
  };
  // Undisturbed before, between and after: a disk that stalls by itself in one of them must not
  // pass for the measure of the others.
  tell("undisturbed", read_undisturbed(work, records, options));
  tell("background", compact(work, records, options, true));
  tell("undisturbed", read_undisturbed(work, records, options));
  tell("on demand", compact(work, records, options, false));
  tell("undisturbed", read_undisturbed(work, records, options));
}

}  // namespace farm::bench
