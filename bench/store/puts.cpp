// Durable puts by many writers: into the store, as a file each, and by one writer that appends and
// syncs. All write the same kind of records, made in the same way.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "bench_record.h"
#include "commands.h"
#include "must.h"
#include "stopwatch.h"
#include "store/volume_store.h"

namespace farm::bench {
namespace {

constexpr std::size_t kNoiseBytes = 16 << 20;
constexpr std::uint64_t kMostBytes = std::uint64_t{4} << 30;  // of one way in one round

// One way of making records durable. put() is called by many threads at once.
class Way {
 public:
  virtual ~Way() = default;
  virtual void put(const BenchRecord& record, PhotoId id) = 0;
  virtual std::uint64_t syncs() { return 0; }
};

class StoreWay final : public Way {
 public:
  explicit StoreWay(const Path& folder)
      : store_(must(store::open_volume_store(io::posix_file_system(), clock_, folder, {}))) {}
  void put(const BenchRecord& record, PhotoId id) override {
    must(store_->put(id, 1, record.parts()));
  }
  std::uint64_t syncs() override { return store_->stats().syncs; }

 private:
  SystemClock clock_;
  std::unique_ptr<store::PhotoStore> store_;
};

class Descriptor {
 public:
  Descriptor(const Path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0640)) {
    if (fd_ < 0) give_up("cannot open " + path.string());
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

  void write(const BenchRecord& record) const {
    std::array<iovec, 8> vectors{};
    std::size_t count = 0;
    for (const ByteView part : record.parts()) {
      vectors[count++] = {const_cast<std::byte*>(part.data()), part.size()};
    }
    const ssize_t n = ::writev(fd_, vectors.data(), static_cast<int>(count));
    if (n != static_cast<ssize_t>(record.bytes())) give_up("cannot write");
  }

 private:
  int fd_;
};

// Written under another name, synced, renamed, the directory synced: what it takes for a whole file
// or none to be found after a crash. The directories are made beforehand, and kept open.
class FileWay final : public Way {
 public:
  explicit FileWay(const Path& folder) : folder_(folder) {
    for (std::uint64_t i = 0; i < kFolders; ++i) {
      std::filesystem::create_directories(folder_of(i));
      folders_.push_back(std::make_unique<Descriptor>(folder_of(i), O_RDONLY | O_DIRECTORY));
    }
    ::sync();
  }

  void put(const BenchRecord& record, PhotoId id) override {
    const Path path = folder_of(id.value % kFolders) / id.str();
    Path draft = path;
    draft += ".new";
    {
      const Descriptor file(draft, O_WRONLY | O_CREAT | O_EXCL);
      file.write(record);
      if (::fsync(file.get()) != 0) give_up("cannot sync a file");
    }
    if (::rename(draft.c_str(), path.c_str()) != 0) give_up("cannot rename");
    if (::fsync(folders_[id.value % kFolders]->get()) != 0) give_up("cannot sync a directory");
  }

 private:
  static constexpr std::uint64_t kFolders = 256;
  Path folder_of(std::uint64_t number) const { return folder_ / std::to_string(number); }
  Path folder_;
  std::vector<std::unique_ptr<Descriptor>> folders_;
};

class SerialWay final : public Way {
 public:
  explicit SerialWay(const Path& folder)
      : file_(folder / "log", O_WRONLY | O_CREAT | O_EXCL | O_APPEND) {}
  void put(const BenchRecord& record, PhotoId) override {
    file_.write(record);
    if (::fdatasync(file_.get()) != 0) give_up("cannot sync the log");
  }

 private:
  Descriptor file_;
};

std::unique_ptr<Way> make_way(std::string_view name, const Path& folder) {
  std::filesystem::create_directories(folder);
  if (name == "store") return std::make_unique<StoreWay>(folder);
  if (name == "files") return std::make_unique<FileWay>(folder);
  return std::make_unique<SerialWay>(folder);
}

struct Done {
  std::atomic<std::uint64_t> puts{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::uint64_t> next_id{1};
};

void write_until(double seconds, const Stopwatch& watch, Way& way, const Sizes& sizes,
                 const Noise& noise, std::uint64_t seed, Done& done) {
  Random random(seed);
  while (watch.wall_s() < seconds && done.bytes < kMostBytes) {
    const PhotoId id{done.next_id++};
    const Picture picture{photo::SizeCode::kOriginal, noise.pick(sizes.pick(random), random)};
    const BenchRecord record(id, {&picture, 1});
    way.put(record, id);
    ++done.puts;
    done.bytes += record.bytes();
  }
}

nlohmann::json run_way(const Path& work, const PutsOptions& options, std::string_view name,
                       int round, const Sizes& sizes, const Noise& noise) {
  const Path folder = work / "puts";
  std::filesystem::remove_all(folder);
  ::sync();
  auto way = make_way(name, folder);
  const int writers = name == "serial" ? 1 : options.writers;
  Done done;
  const Stopwatch watch;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < writers; ++i) {
      threads.emplace_back([&, seed = round * 1000 + i] {
        write_until(options.seconds, watch, *way, sizes, noise, static_cast<std::uint64_t>(seed),
                    done);
      });
    }
  }
  const double seconds = watch.wall_s();
  nlohmann::json line{{"way", name},
                      {"round", round},
                      {"seconds", seconds},
                      {"puts", done.puts.load()},
                      {"bytes", done.bytes.load()},
                      {"syncs", way->syncs()}};
  way.reset();
  std::filesystem::remove_all(folder);
  return line;
}

}  // namespace

void measure_puts(const Path& work, const PutsOptions& options) {
  const Sizes sizes = Sizes::load(options.sizes);
  const Noise noise(kNoiseBytes);
  for (int round = 0; round < options.rounds; ++round) {
    for (const char* name : {"store", "files", "serial"}) {
      std::cout << run_way(work, options, name, round, sizes, noise) << std::endl;
    }
  }
}

}  // namespace farm::bench
