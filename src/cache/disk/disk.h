// One disk of the tier: index, log, what waits to be written, and the thread that writes it. A disk
// that fails drops out: everything is a miss from then on, and nothing is taken. Thread-safe.
//
// What is found under a key is what was offered last, or nothing; what was offered and not taken
// takes the older version along. Offers and erasures go through one mutex, which is held for a few
// look-ups and never for the disk; hits take it for one.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "cache/disk/admission.h"
#include "cache/disk/disk_loader.h"
#include "cache/disk/disk_stats.h"
#include "cache/disk/index_checkpoint.h"
#include "cache/disk/write_queue.h"

namespace farm::cache {

struct DiskOptions {
  std::uint32_t number = 0;  // among the tier's, below DiskHead::kMaxDisks
  std::uint64_t bytes = 0;
  std::uint64_t segment_bytes = 0;
  std::uint64_t object_max_bytes = 0;
  std::uint64_t write_budget = 0;  // bytes a second; 0: no bound
  std::uint64_t queue_bytes = 0;
  // Called once by the disk's own thread, when it drops out; it may take its time.
  std::function<void(std::uint32_t number)> dropped_out = {};
};

class Disk {
 public:
  Disk(io::FileSystem& files, const Clock& clock, std::unique_ptr<DiskHome> home,
       const DiskOptions& options);
  ~Disk();

  DiskHome& home() { return *home_; }
  const DiskOptions& options() const { return options_; }

  // Before start(). The home has its head.
  Result<void> load();
  // Lets what it holds go for which `keep` says no, for good. Before start().
  void keep_only(const std::function<bool(std::uint64_t hash)>& keep);
  void start();
  // Writes what waits, and all that makes the next start quick.
  void stop();
  // Until all that was offered before is on the disk, or the disk has dropped out and
  // options().dropped_out has returned.
  void flush();

  // An empty reference: a miss. Nothing: the disk would have to be waited for, and `wait` is false.
  std::optional<ObjectRef> find(std::uint64_t hash, std::string_view key, bool wait);
  void offer(std::uint64_t hash, const ObjectRef& object, bool asked_before);
  bool erase(std::uint64_t hash);

  // By any thread: it drops out soon, and finds nothing from now on.
  void drop_out(const Error& why);
  bool works() const { return !failed_.load(); }
  DiskStats stats() const;

 private:
  std::optional<ObjectRef> read(std::uint64_t hash, std::string_view key, const Location& location,
                                bool wait);
  void note_bad(std::uint64_t hash, const Location& location, const Error* error);
  ObjectRef count_miss();
  void count_hit(const Object& object);
  std::uint64_t mark_of(const Location& location) const;
  void forget(std::uint64_t hash);
  std::uint64_t& refusals(Verdict verdict);

  void work();
  bool wait_for_work(WriteQueue::Batch& batch);
  Result<void> write(const WriteQueue::Batch& batch);
  Result<void> write_checkpoint();
  void finish();
  void give_up();
  void note_problem(std::string what);

  io::FileSystem& files_;
  const Clock& clock_;
  const std::unique_ptr<DiskHome> home_;
  const DiskOptions options_;
  std::uint64_t id_ = 0;
  DiskIndex index_;
  std::unique_ptr<SegmentFiles> segments_;
  std::unique_ptr<SegmentLog> log_;  // the thread's own, once it runs
  // The thread's own, too: segments that were closed when the last checkpoint was written, and the
  // bytes of all checkpoints.
  std::uint64_t checkpoint_at_ = 0;
  std::uint64_t checkpoint_bytes_ = 0;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::condition_variable idle_;
  WriteQueue queue_;
  Admission admission_;
  DiskStats counted_;
  std::vector<std::string> problems_;
  bool stopping_ = false;
  // By number: asked for, begun with the batch that is being written, and done.
  std::uint64_t flushes_asked_ = 0;
  std::uint64_t flushes_begun_ = 0;
  std::uint64_t flushes_done_ = 0;
  bool gave_up_ = false;  // takes nothing more
  bool left_ = false;     // and has told so

  std::atomic<bool> failed_{false};
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> hit_bytes_{0};
  std::atomic<std::uint64_t> misses_{0};
  std::atomic<std::uint64_t> read_errors_{0};
  std::atomic<std::uint64_t> corrupt_{0};
  std::thread thread_;
};

}  // namespace farm::cache
