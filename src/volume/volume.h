// One volume file: made new, or opened and recovered; appended to while it has room; read from in
// any thread. Offsets of records are those of their payloads.
//
// Opening has two steps: open() reads the superblocks and looks for a footer, recover() goes
// through the frames, which may take long. Reading is fine after the first, all else after the
// second; then everything is thread-safe.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>

#include "volume/appender.h"
#include "volume/recovery.h"

namespace farm::volume {

class Volume {
 public:
  using Path = std::filesystem::path;

  // A new volume at `path`, durable, its name too. `files` must outlive it.
  static Result<std::unique_ptr<Volume>> create(io::FileSystem& files, const Path& path,
                                                const Superblock& superblock, const Config& config);
  // A file that was just written as a whole, footer and all, and now stands at `path`.
  static std::unique_ptr<Volume> adopt(io::FileSystem& files, const Path& path,
                                       std::unique_ptr<io::File> file, const Superblock& superblock,
                                       const Config& config, const Footer& totals,
                                       std::uint64_t bytes);
  // kCorrupt or kUnsupported if it is no volume that we can read.
  static Result<std::unique_ptr<Volume>> open(io::FileSystem& files, const Path& path,
                                              const Config& config);

  // Once. Tells every frame that counts; cuts off what a crash left torn at the end and makes
  // fillers of what it left torn in between. A damaged volume is not changed, and takes no more
  // frames.
  Result<void> recover(const FrameVisitor& visit) { return recover({}, visit); }
  // The same for what follows `known.end`; what is before, with the totals of it, comes from a
  // checkpoint.
  using Known = Appender::Frames;
  Result<void> recover(const Known& known, const FrameVisitor& visit);
  bool recovered() const { return recovered_.load(std::memory_order_acquire); }

  const Superblock& superblock() const { return superblock_; }
  const Path& path() const { return path_; }
  io::File& file() { return *file_; }
  // What its footer told when it was opened; nothing if it had none.
  const std::optional<Footer>& footer() const { return footer_; }
  // What was found when it was opened, in bytes.
  std::uint64_t opened_bytes() const { return opened_bytes_; }
  // Up to where all that counts is on the disk, and what that is; nothing if that can't be told,
  // because it is damaged or was not recovered yet.
  std::optional<Known> known() const;
  bool reads_only() const { return reads_only_; }  // its disk did not let it be opened for writing
  bool closed() const { return closed_; }          // a footer ends it
  // Nobody writes to it now or later, and it is not damaged.
  bool may_be_rewritten() const;
  // It shows frames of which nobody knows whether they are on the disk: opening could not sync it.
  // What they replace must not be thrown away.
  bool unsettled() const { return unsettled_.load(std::memory_order_relaxed); }
  bool damaged() const { return damaged_.load(std::memory_order_relaxed); }
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

  // Bytes of frames that are replaced or removed: what rewriting the volume would give back, and
  // since when the oldest of them are (milliseconds since 1970; 0: there are none).
  void add_garbage(std::uint64_t bytes, Millis since_ms);
  void forget_failure();  // removes the note of one: the volume was rewritten
  std::uint64_t garbage_bytes() const { return garbage_.load(std::memory_order_relaxed); }
  Millis oldest_garbage_ms() const { return oldest_garbage_ms_.load(std::memory_order_relaxed); }

  // While a store is opened: the least sequence in it, once it was gone through; 0 before.
  void set_first_sequence(std::uint64_t sequence) { first_sequence_.store(sequence); }
  std::uint64_t first_sequence() const { return first_sequence_.load(); }

  // When all of it was last read back and checked, or made.
  void set_scrubbed(Millis when_ms) { scrubbed_ms_.store(when_ms, std::memory_order_relaxed); }
  Millis scrubbed_ms() const { return scrubbed_ms_.load(std::memory_order_relaxed); }
  std::uint64_t syncs() const { return appender_ ? appender_->syncs() : 0; }

 private:
  Volume(io::FileSystem& files, Path path, std::unique_ptr<io::File> file,
         const Superblock& superblock, const Config& config);

  Result<void> look_for_footer();
  Result<void> make_writable(const Recovery& found);
  bool may_be_repaired(const Recovery& found);
  void cut_behind_footer();
  Result<std::uint64_t> repair(const Recovery& found);
  Result<void> write_mark(std::uint64_t end);
  Result<void> write_frame(std::uint64_t offset, const FrameHeader& header,
                           std::span<const ByteView> payload);
  void leave_note_of_failure(const Error& error);
  void set_trouble(std::string what);

  io::FileSystem& files_;
  const Path path_;
  const std::unique_ptr<io::File> file_;
  const Superblock superblock_;
  const Config config_;
  std::unique_ptr<Appender> appender_;  // null: takes no frames, from its opening on
  bool superblock_copy_lost_ = false;
  bool reads_only_ = false;
  std::optional<Footer> footer_;
  std::uint64_t opened_bytes_ = 0;
  std::atomic<bool> recovered_{false};
  std::atomic<bool> damaged_{false};
  std::atomic<bool> unsettled_{false};
  std::atomic<bool> closed_{false};  // a footer ends it
  std::atomic<std::uint64_t> garbage_{0};
  std::atomic<Millis> oldest_garbage_ms_{0};
  std::atomic<Millis> scrubbed_ms_;
  std::atomic<std::uint64_t> first_sequence_{0};

  mutable std::mutex mutex_;  // guards what follows
  Known known_;               // where no appender knows better
  std::string trouble_;
  bool failure_noted_ = false;
};

}  // namespace farm::volume
