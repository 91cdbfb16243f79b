// All purges since objects that may still be in a cache were stored, numbered as they came: by it a
// cache judges what it finds on a disk or has just been sent, and others who were away learn what
// they missed. On disk in purge.log (docs/formats/purge-log.md).
//
// Numbers go on from the time at which the log was opened (milliseconds since 1970), so that none
// is used twice, even if the file was lost; everything stored before a new log counts as purged.
// The same purge again takes the place of the older one. When there are too many, the oldest are
// forgotten, and everything stored before them counts as purged (PurgeFloors).
//
// Thread-safe. append() and flush() wait for the disk; who calls at the same time shares a sync.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>

#include "base/clock.h"
#include "cache/purge.h"
#include "cache/purge_file.h"
#include "io/file.h"

namespace farm::cache {

struct PurgeLogOptions {
  std::size_t max_purges = 262'144;
  std::uint64_t max_value_bytes = 64 << 20;  // of their paths and tags together
  std::size_t max_followed = 256;            // logs of other processes
  // After a failed write the next is not tried before that.
  std::chrono::milliseconds retry_after{1'000};
};

// A part of a log, for those who follow it: its own purges with numbers above `after`, up to
// `last`.
struct PurgePage {
  struct Entry {
    std::uint64_t number = 0;
    Purge purge;
    bool operator==(const Entry&) const = default;
  };
  PurgeLogId log{};
  std::uint64_t after = 0;
  std::uint64_t last = 0;
  bool more = false;  // there are purges above `last`
  // Who knows less than that has missed purges that the log forgot.
  PurgeFloors floors;
  std::vector<Entry> purges;

  bool operator==(const PurgePage&) const = default;
};

// How far another log is known.
struct PurgesFollowed {
  PurgeLogId log{};
  std::uint64_t last = 0;
};

class PurgeLog {
 public:
  using Path = std::filesystem::path;

  // Takes the log in `file`, made if missing; its directory exists. A torn end is cut off; damage
  // before it makes all older objects count as purged, and so does a file that is none (it is
  // replaced). That it cannot be written is logged, and tried again later. kUnsupported for one of
  // a newer photofarm; else what `files` says of reading. Both outlive it.
  static Result<std::unique_ptr<PurgeLog>> open(io::FileSystem& files, const Path& file,
                                                const Clock& clock,
                                                const PurgeLogOptions& options = {});
  // For a process that keeps nothing on disk.
  static std::unique_ptr<PurgeLog> in_memory(const Clock& clock,
                                             const PurgeLogOptions& options = {});

  const PurgeLogId& id() const { return id_; }

  // The purges count as soon as it returns, whatever `durable` says: without an error they survive
  // power loss; with one, they are written by the next call that can. `number` is the last one's.
  struct Appended {
    std::uint64_t number = 0;
    Result<void> durable;
  };
  // All of them good by check_purge().
  Appended append(std::span<const Purge> purges);
  // The same for another's, together with how far its log is known by them.
  Appended append_followed(std::span<const Purge> purges, const PurgesFollowed& followed);
  // Writes what could not be written before, if there is any.
  Result<void> flush();

  // The number of the newest purge: what an object's meta takes when its fill begins.
  std::uint64_t last() const { return last_.load(std::memory_order_acquire); }
  // Up to which number all is on disk.
  std::uint64_t durable() const { return durable_.load(std::memory_order_acquire); }

  // Of an object with that key and these tags, whose fill began when last() was `since`.
  PurgeVerdict judge(std::string_view key, std::string_view tags, std::uint64_t since) const {
    return since == last() ? PurgeVerdict::kGood : judge_older(key, tags, since);
  }

  // This process's own purges after a number; at most so many, whose values take at most so many
  // bytes (but at least one). Only what is durable.
  PurgePage page(std::uint64_t after, std::size_t max_purges, std::size_t max_bytes) const;
  // 0 if nothing is known of that log.
  std::uint64_t followed(const PurgeLogId& log) const;

  struct Stats {
    std::uint64_t purges = 0;
    std::uint64_t value_bytes = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t syncs = 0;
    std::uint64_t failures = 0;
    PurgeFloors floors;
  };
  Stats stats() const;

 private:
  struct Entry {
    Purge purge;
    bool foreign = false;
  };
  struct Mark {
    std::uint64_t last = 0;
    bool dirty = false;  // not on disk as it is
  };

  PurgeLog(io::FileSystem* files, Path file, const PurgeLogOptions& options);
  Result<void> load(const Clock& clock);
  void begin_anew(const Clock& clock);
  void take(const PurgeFile& file, const Clock& clock);
  Appended append_all(std::span<const Purge> purges, const PurgesFollowed* followed);
  PurgeVerdict judge_older(std::string_view key, std::string_view tags, std::uint64_t since) const;

  // Under state_mutex_.
  void insert(std::uint64_t number, const Purge& purge, bool foreign);
  void erase(std::uint64_t number);
  void forget_oldest();
  void note_followed(const PurgesFollowed& followed);
  Bytes whole_file(std::uint64_t& last);
  Bytes new_records(std::uint64_t& last);

  // Under write_mutex_.
  Result<void> write();
  Result<void> write_records();
  Result<void> rewrite();
  void rewrite_or_warn();

  io::FileSystem* const files_;  // null: in memory only
  const Path path_;
  const PurgeLogOptions options_;
  PurgeLogId id_{};

  mutable std::shared_mutex state_mutex_;
  std::map<std::uint64_t, Entry> entries_;  // by number; the set's views are of these
  PurgeSet set_;
  std::map<PurgeLogId, Mark> followed_;
  PurgeFloors floors_;
  std::uint64_t value_bytes_ = 0;
  std::atomic<std::uint64_t> last_{0};

  mutable std::mutex write_mutex_;
  std::unique_ptr<io::File> out_;
  std::uint64_t file_bytes_ = 0;
  bool broken_ = false;  // what the file holds is not sure: it is to be made anew
  std::optional<Error> failure_;
  std::chrono::steady_clock::time_point retry_at_;
  std::uint64_t syncs_ = 0;
  std::uint64_t failures_ = 0;
  std::atomic<std::uint64_t> durable_{0};
};

}  // namespace farm::cache
