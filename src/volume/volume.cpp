#include "volume/volume.h"

#include <algorithm>

#include "base/checksum.h"

namespace farm::volume {
namespace {

// A volume that a disk failed on has a note of this name beside it and is never written again.
std::filesystem::path note_path(std::filesystem::path volume) {
  return volume.replace_extension(".failed");
}

void add_totals(Footer& to, const Footer& more) {
  to.frames += more.frames;
  to.records += more.records;
  to.tombstones += more.tombstones;
  to.payload_bytes += more.payload_bytes;
  to.last_sequence = std::max(to.last_sequence, more.last_sequence);
}

}  // namespace

Volume::Volume(io::FileSystem& files, Path path, std::unique_ptr<io::File> file,
               const Superblock& superblock, const Config& config)
    : files_(files),
      path_(std::move(path)),
      file_(std::move(file)),
      superblock_(superblock),
      config_(config),
      scrubbed_ms_(superblock.created_ms) {}

Result<std::unique_ptr<Volume>> Volume::create(io::FileSystem& files, const Path& path,
                                               const Superblock& superblock, const Config& config) {
  // Under another name until it is whole: a file named .vol always has its superblocks.
  Path draft = path;
  draft += ".new";
  if (auto removed = files.remove(draft); !removed) {
    if (removed.error().code != ErrorCode::kNotFound) return fail(std::move(removed).error());
  }
  FARM_TRY(auto file, files.open(draft, io::OpenMode::kCreateNew));
  const Bytes bytes = encode_superblocks(superblock);
  const ByteView part = bytes;
  FARM_TRY(file->write_at(0, {&part, 1}));
  FARM_TRY(file->sync_data());
  FARM_TRY(files.rename(draft, path));
  if (auto synced = files.sync_directory(path.parent_path()); !synced) {
    (void)files.remove(path);  // nobody may find a volume that we say we could not make
    return fail(std::move(synced).error());
  }
  std::unique_ptr<Volume> volume(new Volume(files, path, std::move(file), superblock, config));
  volume->appender_ = std::make_unique<Appender>(*volume->file_, Known{}, kFirstFrame, config);
  volume->recovered_ = true;
  return volume;
}

std::unique_ptr<Volume> Volume::adopt(io::FileSystem& files, const Path& path,
                                      std::unique_ptr<io::File> file, const Superblock& superblock,
                                      const Config& config, const Footer& totals,
                                      std::uint64_t bytes) {
  std::unique_ptr<Volume> volume(new Volume(files, path, std::move(file), superblock, config));
  volume->footer_ = totals;
  volume->opened_bytes_ = bytes;
  volume->known_ = {bytes, totals};
  volume->closed_ = true;
  volume->recovered_ = true;
  return volume;
}

Result<std::unique_ptr<Volume>> Volume::open(io::FileSystem& files, const Path& path,
                                             const Config& config) {
  auto opened = files.open(path, io::OpenMode::kReadWrite);
  const bool reads_only = !opened;
  if (reads_only) opened = files.open(path, io::OpenMode::kRead);
  FARM_TRY(auto file, std::move(opened));
  Bytes start(kFirstFrame);
  auto read = file->read_at(0, start);
  if (!read) {  // the other copy may still be readable
    std::ranges::fill(start, std::byte{0});
    for (const std::uint64_t copy : {std::uint64_t{0}, kSuperblockBytes}) {
      (void)file->read_at(copy, MutableByteView(start).subspan(copy, kSuperblockBytes));
    }
  }
  auto found = decode_superblocks(start);
  if (!found) {
    Error error = std::move(found).error();
    error.context = path.string() + ": " + error.context;
    return fail(std::move(error));
  }
  std::unique_ptr<Volume> volume(
      new Volume(files, path, std::move(file), found.value().superblock, config));
  volume->superblock_copy_lost_ = !found.value().both_copies_good;
  volume->reads_only_ = reads_only;
  FARM_TRY(volume->look_for_footer());
  return volume;
}

Result<void> Volume::look_for_footer() {
  FARM_TRY(opened_bytes_, file_->size());
  if (opened_bytes_ < kFirstFrame + kFooterBytes) return ok();
  std::array<std::byte, kFooterBytes> raw{};
  const std::uint64_t offset = opened_bytes_ - raw.size();
  const auto read = file_->read_at(offset, raw);
  if (!read || read.value() != raw.size()) return ok();  // recovery finds out what is wrong
  const auto header =
      decode_frame_header(ByteView(raw).first(kFrameHeaderBytes), superblock_.nonce, offset);
  const ByteView payload = ByteView(raw).subspan(kFrameHeaderBytes);
  if (header && header->type == FrameType::kFooter &&
      header->payload_bytes == kFooterPayloadBytes && crc32c(payload) == header->payload_checksum) {
    footer_ = decode_footer(payload);
  }
  return ok();
}

Result<void> Volume::recover(const Known& known, const FrameVisitor& visit) {
  if (superblock_copy_lost_) set_trouble("one copy of the superblock is damaged");
  known_ = known;
  if (footer_ && known.end == opened_bytes_) {
    closed_ = recovered_ = true;
    return ok();
  }
  auto recovered = volume::recover(*file_, superblock_.nonce, known.end, visit);
  if (!recovered) {
    damaged_ = recovered_ = true;
    return fail(std::move(recovered).error());
  }
  const Recovery& found = recovered.value();
  add_totals(known_.totals, found.totals);
  known_.end = found.end;
  closed_ = found.closed;
  unsettled_ = found.sync_error.has_value();
  for (const Hole& hole : found.torn) add_garbage(hole.bytes, superblock_.created_ms);
  for (const Hole& hole : found.damaged) add_garbage(hole.bytes, superblock_.created_ms);
  if (closed_ && !damaged_) cut_behind_footer();
  auto done = make_writable(found);
  recovered_ = true;
  return done;
}

Result<void> Volume::make_writable(const Recovery& found) {
  if (!may_be_repaired(found)) return ok();
  auto end = repair(found);
  if (!end) {
    set_trouble("cannot be written any more: " + end.error().message());
    return ok();
  }
  known_.end = end.value();
  appender_ = std::make_unique<Appender>(*file_, known_, known_.end, config_);
  return ok();
}

// A crash may have come between the footer and giving back what was taken ahead. If the disk does
// not let us now, it is found again at the next opening.
void Volume::cut_behind_footer() {
  if (opened_bytes_ <= known_.end || !file_->truncate(known_.end)) return;
  (void)file_->sync_data();
}

std::optional<Volume::Known> Volume::known() const {
  if (!recovered() || damaged() || unsettled()) return {};
  if (appender_ && !closed_) return appender_->durable();
  const std::lock_guard lock(mutex_);
  return known_;
}

bool Volume::may_be_rewritten() const {
  return recovered() && !damaged() && !unsettled() && (closed_ || !appender_);
}

void Volume::add_garbage(std::uint64_t bytes, Millis since_ms) {
  garbage_.fetch_add(bytes, std::memory_order_relaxed);
  Millis oldest = oldest_garbage_ms();
  while ((oldest == 0 || since_ms < oldest) &&
         !oldest_garbage_ms_.compare_exchange_weak(oldest, since_ms)) {
  }
}

bool Volume::may_be_repaired(const Recovery& found) {
  if (found.damaged_count > 0 || found.unreadable_bytes > 0) {
    damaged_ = true;
    std::string where;
    if (!found.damaged.empty()) {
      where = ", the first at offset " + std::to_string(found.damaged.front().offset);
    }
    set_trouble("damaged in " + std::to_string(found.damaged_count) + " places" + where + ", " +
                std::to_string(found.unreadable_bytes) +
                " bytes unreadable; the rest is served, nothing more is written to it");
    return false;
  }
  if (found.sync_error) {
    set_trouble("cannot be written any more: " + found.sync_error->message());
    return false;
  }
  if (found.closed || reads_only_) return false;
  const auto noted = files_.exists(note_path(path_));
  return noted && !noted.value();
}

// Makes fillers of torn places, marks what is settled, cuts off what is behind: each step on the
// disk before the next, so that a mark never speaks of more than there is, and there always is one.
// Returns where the next frame goes.
Result<std::uint64_t> Volume::repair(const Recovery& found) {
  for (const Hole& hole : found.torn) {
    FrameHeader filler;
    filler.payload_bytes = hole.bytes - kFrameHeaderBytes;
    filler.durable_end = std::min(found.durable_end, hole.offset);
    FARM_TRY(write_frame(hole.offset, filler, {}));
    ++known_.totals.frames;
  }
  if (!found.torn.empty()) {
    FARM_TRY(file_->sync_data());
  }
  std::uint64_t end = found.end;
  if (!found.all_marked) {
    FARM_TRY(write_mark(end));
    FARM_TRY(file_->sync_data());
    ++known_.totals.frames;
    end += kFrameHeaderBytes;
  }
  FARM_TRY(const std::uint64_t size, file_->size());
  if (size > end) {
    FARM_TRY(file_->truncate(end));
    FARM_TRY(file_->sync_data());
  }
  return end;
}

// A filler that says: all before it is on the disk, and known to be.
Result<void> Volume::write_mark(std::uint64_t end) {
  FrameHeader mark;
  mark.durable_end = end;
  return write_frame(end, mark, {});
}

std::optional<std::string> Volume::trouble() const {
  if (appender_) {
    if (const auto error = appender_->error()) {
      return path_.string() + " is closed for writing: " + error->message();
    }
  }
  const std::lock_guard lock(mutex_);
  if (trouble_.empty()) return {};
  return path_.string() + ": " + trouble_;
}

void Volume::set_trouble(std::string what) {
  const std::lock_guard lock(mutex_);
  if (!trouble_.empty()) trouble_ += "; ";
  trouble_ += what;
}

Result<std::optional<Place>> Volume::reserve(std::uint64_t payload_bytes, Purpose purpose) {
  if (!appender_) return std::optional<Place>{};
  return appender_->reserve(payload_bytes, purpose);
}

bool Volume::takes_frames() const { return appender_ && appender_->open(); }

Result<void> Volume::append(const Place& place, FrameHeader header,
                            std::span<const ByteView> payload) {
  header.durable_end = place.durable_end;
  auto written = write_frame(place.offset, header, payload);
  auto done = appender_->commit(place, header, std::move(written));
  if (!done) leave_note_of_failure(done.error());
  return done;
}

Result<void> Volume::write_frame(std::uint64_t offset, const FrameHeader& header,
                                 std::span<const ByteView> payload) {
  const EncodedHeader encoded = encode_frame_header(header, superblock_.nonce, offset);
  std::vector<ByteView> parts;
  parts.reserve(payload.size() + 1);
  parts.emplace_back(encoded);
  parts.insert(parts.end(), payload.begin(), payload.end());
  return file_->write_at(offset, parts);
}

// Best effort, on a disk that may be failing: without it the next opening decides by what it reads.
void Volume::leave_note_of_failure(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(failure_noted_, true)) return;
  }
  auto note = files_.open(note_path(path_), io::OpenMode::kCreateNew);
  if (!note) return;
  const std::string text = error.message() + "\n";
  const ByteView part = as_bytes(text);
  if (!note.value()->write_at(0, {&part, 1}) || !note.value()->sync_data()) return;
  (void)files_.sync_directory(path_.parent_path());
}

void Volume::forget_failure() { (void)files_.remove(note_path(path_)); }

Result<void> Volume::read(std::uint64_t offset, MutableByteView out) {
  FARM_TRY(const std::size_t n, file_->read_at(offset, out));
  if (n == out.size()) return ok();
  return fail(ErrorCode::kIo, "volume", path_.string() + " ends before its records do");
}

std::optional<Result<void>> Volume::try_read(std::uint64_t offset, MutableByteView out) {
  auto read = file_->try_read_at(offset, out);
  if (!read) return {};
  if (*read) return Result<void>(ok());
  return Result<void>(fail(std::move(*read).error()));
}

Result<FrameHeader> Volume::header_of(std::uint64_t offset) {
  EncodedHeader raw{};
  FARM_TRY(read(offset - kFrameHeaderBytes, raw));
  const auto header = decode_frame_header(raw, superblock_.nonce, offset - kFrameHeaderBytes);
  if (header) return *header;
  return fail(
      ErrorCode::kCorrupt, "volume",
      path_.string() + ": damaged frame header at " + std::to_string(offset - kFrameHeaderBytes));
}

Result<void> Volume::seal() {
  if (!appender_) return ok();
  FARM_TRY(const std::uint64_t end, appender_->finish());
  const Footer totals = appender_->durable().totals;
  const auto payload = encode_footer(totals);
  FrameHeader header;
  header.type = FrameType::kFooter;
  header.sequence = totals.last_sequence;
  header.payload_bytes = payload.size();
  header.payload_checksum = crc32c(payload);
  header.durable_end = end;
  const ByteView part = payload;
  auto sealed = write_frame(end, header, {&part, 1});
  if (sealed) sealed = file_->truncate(end + kFooterBytes);
  if (sealed) sealed = file_->sync_data();
  if (!sealed) {
    leave_note_of_failure(sealed.error());
    set_trouble("could not be closed: " + sealed.error().message());
    return sealed;
  }
  {
    const std::lock_guard lock(mutex_);
    known_ = {end + kFooterBytes, totals};
  }
  closed_ = true;
  return ok();
}

void Volume::close() {
  if (!appender_ || !appender_->open()) return;
  const bool marked = appender_->unmarked_bytes() == 0;
  auto end = appender_->finish();
  if (!end) return;
  // Nothing of this is synced: if it is lost, the next opening checks the last payloads, that is
  // all.
  if (!marked) {
    if (!write_mark(end.value())) return;
    end.value() += kFrameHeaderBytes;
  }
  (void)file_->truncate(end.value());  // gives back what was taken ahead
}

}  // namespace farm::volume
