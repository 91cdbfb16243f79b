#include "cache/purge_log.h"

#include <algorithm>

#include "base/digest.h"
#include "obs/log.h"

namespace farm::cache {
namespace {

// A file of so many bytes is not worth making smaller.
constexpr std::uint64_t kSmallFileBytes = 1 << 20;
constexpr std::uint64_t kRecordOverhead = 32;

PurgeRecord record_of(std::uint64_t number, const Purge& purge, bool foreign) {
  return {.kind = static_cast<PurgeRecord::Kind>(purge.kind),
          .soft = purge.soft,
          .foreign = foreign,
          .number = number,
          .value = purge.value};
}

PurgeRecord record_of(const PurgeLogId& log, std::uint64_t last) {
  return {.kind = PurgeRecord::Kind::kFollowed, .number = last, .value = as_text(log)};
}

std::uint64_t time_number(const Clock& clock) {
  return static_cast<std::uint64_t>(std::max<Millis>(clock.now_ms(), 1));
}

PurgeLogId log_id(std::string_view value) {
  PurgeLogId id{};
  std::ranges::copy(as_bytes(value).first(id.size()), id.begin());
  return id;
}

Result<Bytes> read_file(io::FileSystem& files, const std::filesystem::path& path) {
  FARM_TRY(const auto file, files.open(path, io::OpenMode::kRead));
  FARM_TRY(const std::uint64_t size, file->size());
  Bytes bytes(size);
  FARM_TRY(const std::size_t count, file->read_at(0, bytes));
  bytes.resize(count);
  return bytes;
}

}  // namespace

PurgeLog::PurgeLog(io::FileSystem* files, Path file, const PurgeLogOptions& options)
    : files_(files), path_(std::move(file)), options_(options) {}

Result<std::unique_ptr<PurgeLog>> PurgeLog::open(io::FileSystem& files, const Path& file,
                                                 const Clock& clock,
                                                 const PurgeLogOptions& options) {
  std::unique_ptr<PurgeLog> log(new PurgeLog(&files, file, options));
  FARM_TRY(log->load(clock));
  return log;
}

std::unique_ptr<PurgeLog> PurgeLog::in_memory(const Clock& clock, const PurgeLogOptions& options) {
  std::unique_ptr<PurgeLog> log(new PurgeLog(nullptr, {}, options));
  log->begin_anew(clock);
  return log;
}

void PurgeLog::begin_anew(const Clock& clock) {
  random_bytes(id_);
  floors_.gone = time_number(clock);
  last_ = durable_ = floors_.gone;
}

Result<void> PurgeLog::load(const Clock& clock) {
  const std::lock_guard lock(write_mutex_);
  FARM_TRY(const bool there, files_->exists(path_));
  if (!there) {
    begin_anew(clock);
    rewrite_or_warn();
    return ok();
  }
  FARM_TRY(const Bytes bytes, read_file(*files_, path_));
  auto file = parse_purge_file(bytes);
  if (!file && file.error().code == ErrorCode::kUnsupported) return fail(std::move(file).error());
  if (!file) {
    obs::log_error("the purge log is damaged and begins anew: what is in caches counts as purged",
                   {{"file", path_.string()}, {"error", file.error().message()}});
    begin_anew(clock);
    rewrite_or_warn();
    return ok();
  }
  take(file.value(), clock);
  file_bytes_ = bytes.size();
  if (file.value().whole_bytes < bytes.size() || file.value().lost_up_to != 0) {
    obs::log_warn("the purge log had a torn or damaged part",
                  {{"file", path_.string()},
                   {"bytes", bytes.size() - file.value().whole_bytes},
                   {"purged_up_to", file.value().lost_up_to}});
    rewrite_or_warn();
    return ok();
  }
  FARM_TRY(out_, files_->open(path_, io::OpenMode::kReadWrite));
  return ok();
}

// A full disk is no reason not to start: the next append() tries again.
void PurgeLog::rewrite_or_warn() {
  const Result<void> written = rewrite();
  if (written) return;
  broken_ = true;
  ++failures_;
  obs::log_error("the purge log cannot be written", {{"error", written.error().message()}});
}

void PurgeLog::take(const PurgeFile& file, const Clock& clock) {
  id_ = file.head.id;
  floors_ = file.head.floors;
  floors_.gone = std::max(floors_.gone, file.lost_up_to);
  std::uint64_t last = file.head.last;
  for (const PurgeRecord& record : file.records) {
    if (record.kind == PurgeRecord::Kind::kFollowed) {
      followed_[log_id(record.value)] = {.last = record.number};
      continue;
    }
    const Purge purge{static_cast<Purge::Kind>(record.kind), std::string(record.value),
                      record.soft};
    insert(record.number, purge, record.foreign);
    last = std::max(last, record.number);
  }
  forget_oldest();
  // Numbers that were given and never reached the disk are not given again.
  last_ = durable_ = std::max(last, time_number(clock));
}

PurgeLog::Appended PurgeLog::append(std::span<const Purge> purges) {
  return append_all(purges, nullptr);
}

PurgeLog::Appended PurgeLog::append_followed(std::span<const Purge> purges,
                                             const PurgesFollowed& followed) {
  return append_all(purges, &followed);
}

PurgeLog::Appended PurgeLog::append_all(std::span<const Purge> purges,
                                        const PurgesFollowed* followed) {
  std::uint64_t number = 0;
  {
    const std::unique_lock lock(state_mutex_);
    number = last_;
    for (const Purge& purge : purges) insert(++number, purge, followed != nullptr);
    forget_oldest();
    if (followed != nullptr) note_followed(*followed);
    last_.store(number, std::memory_order_release);
  }
  return {number, flush()};
}

Result<void> PurgeLog::flush() {
  const std::uint64_t wanted = last();
  if (durable() >= wanted) return ok();
  const std::lock_guard lock(write_mutex_);
  // Somebody else's sync may have had it on board.
  if (durable() >= wanted) return ok();
  return write();
}

void PurgeLog::insert(std::uint64_t number, const Purge& purge, bool foreign) {
  const auto at = entries_.insert_or_assign(number, Entry{purge, foreign}).first;
  value_bytes_ += purge.value.size();
  const PurgeSet::Superseded gone = set_.add(at->second.purge, number);
  if (gone.same != 0) erase(gone.same);
  if (gone.softer != 0) erase(gone.softer);
}

void PurgeLog::erase(std::uint64_t number) {
  const auto found = entries_.find(number);
  if (found == entries_.end()) return;
  value_bytes_ -= found->second.purge.value.size();
  entries_.erase(found);
}

void PurgeLog::forget_oldest() {
  while (entries_.size() > options_.max_purges || value_bytes_ > options_.max_value_bytes) {
    const auto oldest = entries_.begin();
    std::uint64_t& floor = oldest->second.purge.soft ? floors_.stale : floors_.gone;
    floor = std::max(floor, oldest->first);
    set_.remove(oldest->second.purge);
    erase(oldest->first);
  }
}

void PurgeLog::note_followed(const PurgesFollowed& followed) {
  Mark& mark = followed_[followed.log];
  if (followed.last > mark.last) mark = {.last = followed.last, .dirty = true};
  if (followed_.size() <= options_.max_followed) return;
  // Its next page will find that nothing is known of it, and purge everything.
  const auto first = followed_.begin();
  followed_.erase(first->first == followed.log ? std::next(first) : first);
}

PurgeVerdict PurgeLog::judge_older(std::string_view key, std::string_view tags,
                                   std::uint64_t since) const {
  const std::shared_lock lock(state_mutex_);
  // A number that was never given: it is of a log that was lost.
  if (since < floors_.gone || since > last()) return PurgeVerdict::kGone;
  const PurgeVerdict verdict = set_.judge(key, tags, since);
  if (verdict == PurgeVerdict::kGood && since < floors_.stale) return PurgeVerdict::kStale;
  return verdict;
}

PurgePage PurgeLog::page(std::uint64_t after, std::size_t max_purges, std::size_t max_bytes) const {
  const std::shared_lock lock(state_mutex_);
  const std::uint64_t end = durable();
  PurgePage page;
  page.log = id_;
  page.after = after;
  page.last = std::max(after, end);
  page.floors = {std::min(floors_.gone, end), std::min(floors_.stale, end)};
  std::size_t bytes = 0;
  for (auto at = entries_.upper_bound(after); at != entries_.end() && at->first <= end; ++at) {
    const auto& [number, entry] = *at;
    if (entry.foreign) continue;
    bytes += entry.purge.value.size();
    const bool full = page.purges.size() >= max_purges || bytes > max_bytes;
    if (full && !page.purges.empty()) {
      page.more = true;
      page.last = page.purges.back().number;
      break;
    }
    page.purges.push_back({number, entry.purge});
  }
  return page;
}

std::uint64_t PurgeLog::followed(const PurgeLogId& log) const {
  const std::shared_lock lock(state_mutex_);
  const auto found = followed_.find(log);
  return found == followed_.end() ? 0 : found->second.last;
}

PurgeLog::Stats PurgeLog::stats() const {
  Stats stats;
  {
    const std::shared_lock lock(state_mutex_);
    stats.purges = entries_.size();
    stats.value_bytes = value_bytes_;
    stats.floors = floors_;
  }
  const std::lock_guard lock(write_mutex_);
  stats.file_bytes = file_bytes_;
  stats.syncs = syncs_;
  stats.failures = failures_;
  return stats;
}

Bytes PurgeLog::whole_file(std::uint64_t& last) {
  const std::unique_lock lock(state_mutex_);
  last = last_;
  Bytes bytes = encode_purge_file_head({.id = id_, .last = last, .floors = floors_});
  for (auto& [log, mark] : followed_) {
    append_purge_record(record_of(log, mark.last), bytes);
    mark.dirty = false;
  }
  for (const auto& [number, entry] : entries_) {
    append_purge_record(record_of(number, entry.purge, entry.foreign), bytes);
  }
  return bytes;
}

Bytes PurgeLog::new_records(std::uint64_t& last) {
  const std::unique_lock lock(state_mutex_);
  last = last_;
  Bytes bytes;
  for (auto at = entries_.upper_bound(durable()); at != entries_.end(); ++at) {
    append_purge_record(record_of(at->first, at->second.purge, at->second.foreign), bytes);
  }
  for (auto& [log, mark] : followed_) {  // behind the purges that they vouch for
    if (mark.dirty) append_purge_record(record_of(log, mark.last), bytes);
    mark.dirty = false;
  }
  return bytes;
}

Result<void> PurgeLog::write() {
  if (files_ == nullptr) {
    durable_.store(last(), std::memory_order_release);
    return ok();
  }
  const auto now = std::chrono::steady_clock::now();
  if (failure_ && now < retry_at_) return fail(*failure_);
  std::uint64_t live = 0;
  {
    const std::shared_lock lock(state_mutex_);
    live = value_bytes_ + entries_.size() * kRecordOverhead;
  }
  const bool much_garbage = file_bytes_ > kSmallFileBytes && file_bytes_ > 2 * live;
  auto written = broken_ || much_garbage ? rewrite() : write_records();
  if (written) {
    failure_.reset();
    return written;
  }
  ++failures_;
  broken_ = true;
  failure_ = written.error();
  retry_at_ = now + options_.retry_after;
  return written;
}

Result<void> PurgeLog::write_records() {
  std::uint64_t last = 0;
  const Bytes bytes = new_records(last);
  const ByteView part = bytes;
  FARM_TRY(out_->write_at(file_bytes_, {&part, 1}));
  FARM_TRY(out_->sync_data());
  file_bytes_ += bytes.size();
  ++syncs_;
  durable_.store(last, std::memory_order_release);
  return ok();
}

Result<void> PurgeLog::rewrite() {
  const Path draft = path_.string() + ".new";
  if (auto removed = files_->remove(draft); !removed) {
    if (removed.error().code != ErrorCode::kNotFound) return fail(std::move(removed).error());
  }
  std::uint64_t last = 0;
  const Bytes bytes = whole_file(last);
  auto written = [&]() -> Result<std::unique_ptr<io::File>> {
    FARM_TRY(auto file, files_->open(draft, io::OpenMode::kCreateNew));
    const ByteView part = bytes;
    FARM_TRY(file->write_at(0, {&part, 1}));
    FARM_TRY(file->sync_data());
    return file;
  }();
  if (!written) {
    (void)files_->remove(draft);  // a full disk needs its space
    return fail(std::move(written).error());
  }
  FARM_TRY(files_->rename(draft, path_));
  out_ = std::move(written).value();
  file_bytes_ = bytes.size();
  FARM_TRY(files_->sync_directory(path_.parent_path()));
  ++syncs_;
  broken_ = false;
  durable_.store(last, std::memory_order_release);
  return ok();
}

}  // namespace farm::cache
