// One volume file: made new, or opened and recovered; appended to while it has room; read from in
// any thread. Offsets of records are those of their payloads.
//
// Opening has two steps, so that the caller can register the volume before the first frame of it is
// told: open() reads the superblock, recover() goes through the frames. After that everything is
// thread-safe.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>

#include "volume/appender.h"
#include "volume/recovery.h"

namespace farm::volume {

class Volume {
 public:
  using Path = std::filesystem::path;

  // A new volume at `path`, durable, its name too. `files` must outlive it.
  static Result<std::unique_ptr<Volume>> create(io::FileSystem& files, const Path& path,
                                                const Superblock& superblock, const Config& config);
  // kCorrupt or kUnsupported if it is no volume that we can read.
  static Result<std::unique_ptr<Volume>> open(io::FileSystem& files, const Path& path,
                                              const Config& config);

  // Once, before anything else of an opened volume. Tells every frame that counts; cuts off what a
  // crash left torn at the end and makes fillers of what it left torn in between. A damaged volume
  // is not changed, and takes no more frames.
  Result<void> recover(const FrameVisitor& visit);

  const Superblock& superblock() const { return superblock_; }
  const Path& path() const { return path_; }
  // What is wrong with it, a sentence for a person; nothing if it is well.
  std::optional<std::string> trouble() const;

  // As of Appender.
  Result<std::optional<Place>> reserve(std::uint64_t payload_bytes, Purpose purpose);
  // Writes the frame at its place (durable_end is filled in) and makes it durable.
  Result<void> append(const Place& place, FrameHeader header, std::span<const ByteView> payload);
  static std::uint64_t payload_offset(const Place& place) {
    return place.offset + kFrameHeaderBytes;
  }
  bool takes_frames() const;

  // Part of a payload. kIo if it is not all there.
  Result<void> read(std::uint64_t offset, MutableByteView out);
  // Nothing if it is not all in memory.
  std::optional<Result<void>> try_read(std::uint64_t offset, MutableByteView out);
  // The header of the frame whose payload is at `offset`; kCorrupt if there is no good one.
  Result<FrameHeader> header_of(std::uint64_t offset);

  // Full: writes the footer and gives back what was taken ahead. Waits for those who still write.
  Result<void> seal();
  // The program stops: leaves a mark, so that the next opening need not check any payload, and
  // gives back what was taken ahead.
  void close();

  // Bytes of frames that are replaced or removed: what rewriting the volume would give back.
  void add_garbage(std::uint64_t bytes) { garbage_.fetch_add(bytes, std::memory_order_relaxed); }
  std::uint64_t garbage_bytes() const { return garbage_.load(std::memory_order_relaxed); }
  std::uint64_t syncs() const { return appender_ ? appender_->syncs() : 0; }

 private:
  Volume(io::FileSystem& files, Path path, std::unique_ptr<io::File> file,
         const Superblock& superblock, const Config& config);

  bool may_be_repaired(const Recovery& found);
  Result<std::uint64_t> repair(const Recovery& found);
  Result<void> write_mark(std::uint64_t end);
  Result<void> write_frame(std::uint64_t offset, const FrameHeader& header,
                           std::span<const ByteView> payload);
  void note_totals(const FrameHeader& header);
  void leave_note_of_failure(const Error& error);
  void set_trouble(std::string what);

  io::FileSystem& files_;
  const Path path_;
  const std::unique_ptr<io::File> file_;
  const Superblock superblock_;
  const Config config_;
  std::unique_ptr<Appender> appender_;  // null: takes no frames, from its opening on
  bool superblock_copy_lost_ = false;
  std::atomic<std::uint64_t> garbage_{0};

  mutable std::mutex mutex_;  // guards what follows
  Footer totals_;
  std::string trouble_;
  bool failure_noted_ = false;
};

}  // namespace farm::volume
