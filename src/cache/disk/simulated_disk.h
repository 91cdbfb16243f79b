// A disk for simulations: the tier's own index, log, admission and second chances, without files
// and without bodies. One thread.
#pragma once

#include "cache/disk/admission.h"
#include "cache/disk/disk_stats.h"
#include "cache/disk/segment_log.h"

namespace farm::cache {

class SimulatedDisk {
 public:
  SimulatedDisk(std::uint64_t bytes, std::uint64_t segment_bytes, std::uint64_t object_max_bytes);

  // Whether it is there; it was read then.
  bool find(std::uint64_t hash) { return index_.touch(hash).has_value(); }
  void offer(std::uint64_t hash, const Object& object, bool asked_before);
  DiskStats stats() const;

 private:
  // Remembers what a segment's end would hold.
  class Store final : public SegmentStore {
   public:
    Result<void> create(std::uint32_t slot, std::uint64_t sequence, std::uint64_t bytes) override;
    Result<void> write(std::uint32_t slot, std::uint32_t offset,
                       std::span<const LogRecord> records) override;
    Result<std::uint64_t> close(std::uint32_t slot, std::uint32_t end,
                                std::span<const SegmentEntry> entries) override;
    Result<std::vector<SegmentEntry>> entries(std::uint32_t slot) override;
    Result<void> carry(std::uint64_t hash, const Location& from, const Location& to) override;
    void remove(std::uint32_t slot) override;

   private:
    std::vector<std::vector<SegmentEntry>> slots_;
  };

  const std::uint64_t segment_bytes_;
  DiskIndex index_;
  Store store_;
  SegmentLog log_;
  Admission admission_;
  DiskStats counted_;
};

}  // namespace farm::cache
