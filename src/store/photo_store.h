// PhotoStore keeps records (docs/formats/record.md) under a photo's id: one version at a time, the
// newest. Every backend (volumes on local disks today) passes the same conformance suite,
// store/photo_store_conformance.h.
//
// All calls are thread-safe. Calls without "try" may block on a disk or a network: make them on a
// disk thread (io::offload), never on a network thread. A record is opaque here;
// store/record_reader.h checks and takes it apart.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/photo_id.h"
#include "base/result.h"
#include "store/reach.h"

namespace farm::store {

struct StoredRecord {
  PhotoId id;
  std::uint32_t version = 0;
  std::uint64_t bytes = 0;  // of the whole record
};

struct ReadBytes {
  std::size_t size = 0;       // how many bytes were read: less than asked only at the record's end
  std::uint32_t version = 0;  // of the record they are from
  Reach reach = {};           // as PhotoStore::reach()
};

struct StoreStats {
  // While the store is being opened, how much of it was gone through; what is not known yet is
  // kUnavailable until then.
  bool open = true;
  std::uint64_t open_bytes_done = 0;
  std::uint64_t open_bytes_total = 0;
  std::uint64_t photos = 0;
  std::uint64_t live_bytes = 0;     // of records that can be read
  std::uint64_t garbage_bytes = 0;  // of replaced and deleted ones, still on disk
  std::uint64_t disk_free_bytes = 0;
  std::uint64_t volumes = 0;
  std::uint64_t syncs = 0;  // fdatasync calls
  std::uint64_t puts = 0;
  std::uint64_t checksum_errors = 0;  // bad bytes seen by reads, verify and scrub
  std::uint64_t compactions = 0;      // volumes rewritten
  std::uint64_t reclaimed_bytes = 0;  // by them
  std::uint64_t scrubbed_bytes = 0;   // read back in the background
  Millis oldest_scrub_ms = 0;         // all that is stored was read back since, or put since
  Millis checkpoint_ms = 0;           // when the index was last written to disk; 0: never
  std::vector<std::string> problems;  // for /healthz: what is wrong, a sentence each; empty = well
};

struct VerifyReport {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> damaged;  // "photo 714… version 2: …"; at most 1000 kept
  std::uint64_t damaged_count = 0;
};

struct CompactReport {
  std::uint64_t volumes = 0;  // rewritten
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  std::vector<std::string> failures;  // volumes that could not be, and why
};

// Called now and then with how much is done and how much there is in all; the work ends early when
// it returns false. May be empty.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

class PhotoStore {
 public:
  virtual ~PhotoStore() = default;

  // Stores the concatenation of `parts` as this version and forgets older ones. Durable when it
  // returns: it survives power loss. kConflict if this or a newer version is there already, or if
  // the photo was removed before (an id is never used again); kNoSpace or kIo if the disks do not
  // take it, and then nothing has changed.
  virtual Result<void> put(PhotoId id, std::uint32_t version, std::span<const ByteView> parts) = 0;

  // Reads from `offset` of the record into `out`. `version` 0 takes whichever is there, another one
  // only that: kConflict if the photo has a different version by now (read again from the start).
  // kNotFound if the photo is not there; kUnavailable while the store is being opened and it is not
  // known yet.
  virtual Result<ReadBytes> read(PhotoId id, std::uint32_t version, std::uint64_t offset,
                                 MutableByteView out) = 0;

  // The same if it can be had without waiting for a disk, else nothing. For network threads.
  virtual std::optional<Result<ReadBytes>> try_read(PhotoId id, std::uint32_t version,
                                                    std::uint64_t offset, MutableByteView out) = 0;

  // A size of at most so many bytes is read together with the record's header.
  virtual std::uint64_t read_window() const { return Reach::kUsualWindow; }

  // What somebody noted who saw the photo's header. A store may forget it, or never keep it. Never
  // blocks.
  virtual Reach reach(PhotoId) { return {}; }
  virtual void note_reach(PhotoId, std::uint32_t /*version*/, Reach) {}

  // As try_read() of the record's beginning: as far as that size reaches, if that is known, else
  // `otherwise` bytes; never more than `out` takes.
  virtual std::optional<Result<ReadBytes>> try_read_up_to(PhotoId id, photo::SizeCode code,
                                                          std::size_t otherwise,
                                                          MutableByteView out) {
    const std::size_t known = reach(id).bytes_for(code);
    return try_read(id, 0, 0, out.first(std::min(known != 0 ? known : otherwise, out.size())));
  }

  // What is stored under `id`; never blocks. Nothing if it is not there, or not known yet.
  virtual std::optional<StoredRecord> find(PhotoId id) = 0;

  // Durable when it returns: the photo stays deleted. kNotFound if it is not there.
  virtual Result<void> remove(PhotoId id) = 0;

  // Calls `visit` for every record that was stored before the call and still is, in no order, until
  // it returns an error, which is passed on. Puts and removes may go on meanwhile.
  virtual Result<void> scan(const std::function<Result<void>(const StoredRecord&)>& visit) = 0;

  // Reads every record back and checks it; progress in bytes. kClosed if `progress` ended it.
  virtual Result<VerifyReport> verify(const Progress& progress) = 0;

  // Gives back the space of all that was replaced and removed: its bytes are gone from the disks
  // when this returns, but for what report.failures tells. Progress in parts of the store
  // (volumes), whose number a backend chooses. kClosed if `progress` ended it.
  virtual Result<CompactReport> compact(const Progress& progress) = 0;

  // A reader found that a record's bytes do not match their checksums.
  virtual void report_damage(PhotoId id, const std::string& what) = 0;

  virtual StoreStats stats() = 0;
};

}  // namespace farm::store
