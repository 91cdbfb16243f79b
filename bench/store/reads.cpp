// Random reads of stored sizes from the page cache, each byte checked, beside bare pread of the
// same places.
#include <fcntl.h>
#include <unistd.h>

#include <iostream>
#include <map>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "bench_record.h"
#include "commands.h"
#include "file_wrappers.h"
#include "must.h"
#include "page_cache.h"
#include "roles/read_buffers.h"
#include "roles/read_window.h"
#include "stopwatch.h"
#include "store/record_reader.h"
#include "store/volume_store.h"

namespace farm::bench {
namespace {

using photo::SizeCode;

constexpr std::uint64_t kLargestRead = 64 << 10;
constexpr std::size_t kNoiseBytes = 16 << 20;

struct Request {
  PhotoId id;
  SizeCode code;
};

Path data_dir(const Path& work) { return work / "reads"; }

std::unique_ptr<store::PhotoStore> open_store(const Path& work, io::FileSystem& files) {
  static const SystemClock clock;
  return must(store::open_volume_store(files, clock, data_dir(work), {}));
}

// The store, with all its volumes in the page cache.
class WarmStore {
 public:
  WarmStore(const Path& work, io::FileSystem& files) : store_(open_store(work, files)) {
    const auto volumes = data_dir(work) / "volumes";
    for (const auto& entry : std::filesystem::directory_iterator(volumes)) {
      kept_.push_back(std::make_unique<KeptInCache>(entry.path()));
    }
  }
  store::PhotoStore& operator*() const { return *store_; }

 private:
  std::unique_ptr<store::PhotoStore> store_;
  std::vector<std::unique_ptr<KeptInCache>> kept_;
};

// Photos of the five sizes that every upload makes. The service's original is not known: its large
// rendition stands for it as well.
void put_photos(const Path& work, const ReadsOptions& options, const Sizes& sizes) {
  UnsyncedFiles files(io::posix_file_system());
  const auto store = open_store(work, files);
  const Noise noise(kNoiseBytes);
  Random random(2);
  for (std::uint64_t id = 1; id <= options.photos; ++id) {
    std::vector<Picture> pictures;
    const auto add = [&](SizeCode code, Sizes::Class of) {
      pictures.push_back({code, noise.pick(sizes.pick(of, random), random)});
    };
    add(SizeCode::kSquare, Sizes::kTiny);
    add(SizeCode::kThumbnail, Sizes::kTiny);
    add(SizeCode::kSmall, Sizes::kSmall);
    add(SizeCode::kMedium, Sizes::kMedium);
    add(SizeCode::kLarge, Sizes::kLarge);
    must(store->put({id}, 1, BenchRecord({id}, pictures).parts()));
  }
}

SizeCode code_of(Sizes::Class of, Random& random) {
  switch (of) {
    case Sizes::kTiny:
      return random() % 2 == 0 ? SizeCode::kSquare : SizeCode::kThumbnail;
    case Sizes::kSmall:
      return SizeCode::kSmall;
    case Sizes::kMedium:
      return SizeCode::kMedium;
    case Sizes::kLarge:
      break;
  }
  return SizeCode::kLarge;
}

// Photos at random, sizes as often as the service was asked for them, none over kLargestRead.
std::vector<Request> make_requests(const ReadsOptions& options, const Sizes& sizes,
                                   store::PhotoStore& store) {
  Random random(3);
  std::vector<Request> requests;
  while (requests.size() < options.requests) {
    const PhotoId id{1 + random() % options.photos};
    const SizeCode code = code_of(sizes.pick_class(random), random);
    const auto header = must(store::read_header(store, id));
    if (header.view().find(code)->length <= kLargestRead) requests.push_back({id, code});
  }
  return requests;
}

// What a network thread does with a request that it answers at once: roles/origin.cpp.
class Reader {
 public:
  explicit Reader(store::PhotoStore& store) : store_(store) {}

  // How many bytes the requests gave; ends the program at anything but the right ones.
  std::uint64_t read_all(const std::vector<Request>& requests) {
    std::uint64_t bytes = 0;
    for (const Request& request : requests) bytes += read(request);
    return bytes;
  }

  // Reads that would have had to wait for the disk.
  std::uint64_t misses() const { return misses_; }

 private:
  std::size_t read(const Request& request) {
    roles::ReadBuffers::Lease lease = buffers_.take();
    const store::Window window = window_.of(request.code);
    const auto prefix = store::try_read_prefix(store_, request.id, window, lease.view());
    if (!prefix) return miss(request);
    const photo::RecordView& view = must_ref(*prefix).view;
    const auto size = view.find(request.code);
    if (!size) give_up("a photo lacks a size");
    window_.learn(request.code, size->offset + size->length);
    auto bytes = store::size_in_prefix(store_, prefix->value(), *size);
    if (!bytes) {
      bytes =
          store::try_read_blocks(store_, view, *size, 0, lease.view().subspan(view.header_bytes()));
    }
    if (!bytes) return miss(request);
    return must_ref(*bytes).size();
  }

  std::size_t miss(const Request& request) {
    ++misses_;
    return must(store::read_size(store_, request.id, request.code)).bytes.size();
  }

  store::PhotoStore& store_;
  roles::ReadBuffers buffers_;
  roles::ReadWindow window_;
  std::uint64_t misses_ = 0;
};

struct BareRead {
  int fd = -1;
  std::size_t bytes = 0;
  std::uint64_t offset = 0;
};

// The reads of `seen` with files of their own, open as long as the program runs.
std::vector<BareRead> bare_reads(const std::vector<SeenRead>& seen) {
  std::map<std::string, int> files;
  std::vector<BareRead> reads;
  for (const SeenRead& read : seen) {
    auto [at, added] = files.try_emplace(read.path, -1);
    if (added) at->second = ::open(read.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (at->second < 0) give_up("cannot open " + read.path);
    reads.push_back({at->second, read.bytes, read.offset});
  }
  return reads;
}

void read_bare(const std::vector<BareRead>& reads, MutableByteView buffer) {
  for (const BareRead& read : reads) {
    const ssize_t n = ::pread(read.fd, buffer.data(), read.bytes, static_cast<off_t>(read.offset));
    if (n != static_cast<ssize_t>(read.bytes)) give_up("pread gave less than asked for");
  }
}

// What the requests read, once the windows are learnt; and how many bytes they ask for.
struct Plan {
  std::vector<SeenRead> reads;
  std::uint64_t asked_bytes = 0;
};

Plan watch(const Path& work, const std::vector<Request>& requests) {
  WatchedFiles files(io::posix_file_system());
  const WarmStore store(work, files);
  Reader reader(*store);
  reader.read_all(requests);  // learns
  (void)files.take();
  Plan plan;
  plan.asked_bytes = reader.read_all(requests);
  plan.reads = files.take();
  return plan;
}

std::vector<Request> prepare(const Path& work, const ReadsOptions& options) {
  const Sizes sizes = Sizes::load(options.sizes);
  if (!std::filesystem::exists(data_dir(work))) put_photos(work, options, sizes);
  const auto store = open_store(work, io::posix_file_system());
  return make_requests(options, sizes, *store);
}

}  // namespace

void measure_reads(const Path& work, const ReadsOptions& options) {
  const std::vector<Request> requests = prepare(work, options);
  const Plan plan = watch(work, requests);
  const std::vector<BareRead> bare = bare_reads(plan.reads);
  std::uint64_t read_bytes = 0;
  for (const BareRead& read : bare) read_bytes += read.bytes;
  const auto count = static_cast<double>(requests.size());
  std::cout << nlohmann::json{{"reads", requests.size()},
                              {"system_calls", static_cast<double>(bare.size()) / count},
                              {"asked_bytes", static_cast<double>(plan.asked_bytes) / count},
                              {"read_bytes", static_cast<double>(read_bytes) / count}}
            << std::endl;

  const WarmStore store(work, io::posix_file_system());
  Reader reader(*store);
  reader.read_all(requests);  // learns the windows that the plan was made with
  roles::ReadBuffers buffers;
  roles::ReadBuffers::Lease lease = buffers.take();
  for (int round = 0; round < options.rounds; ++round) {
    // Each goes first in every other round.
    for (const bool ours : {round % 2 == 0, round % 2 != 0}) {
      const Stopwatch watch;
      if (ours) {
        reader.read_all(requests);
      } else {
        read_bare(bare, lease.view());
      }
      std::cout << nlohmann::json{{"way", ours ? "store" : "pread"},
                                  {"round", round},
                                  {"wall_us", watch.wall_s() * 1e6 / count},
                                  {"cpu_us", watch.thread_cpu_s() * 1e6 / count},
                                  {"misses", reader.misses()}}
                << std::endl;
    }
  }
}

void read_for_counting(const Path& work, const SyscallOptions& options) {
  const std::vector<Request> requests = prepare(work, options.reads);
  const WarmStore store(work, io::posix_file_system());
  Reader reader(*store);
  for (int pass = 0; pass < options.passes; ++pass) reader.read_all(requests);
}

}  // namespace farm::bench
