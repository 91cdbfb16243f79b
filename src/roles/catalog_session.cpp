#include "roles/catalog_session.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "base/digest.h"
#include "obs/log.h"

namespace farm::roles {
namespace {

using catalog::SessionMark;
using catalog::SessionToken;

// The catalog's fact: tokens in hex with a space between, this session's first.
constexpr std::string_view kFact = "session";
// A copy of the catalog can only pass for the real one if it was made this long before the end.
constexpr std::chrono::seconds kNoteEvery{5};

bool knows(const std::string& tokens, const SessionToken& token) {
  return tokens.find(to_hex(token)) != std::string::npos;
}

auto wrong_catalog(const std::string& why) {
  return fail(
      ErrorCode::kConflict, "roles",
      why +
          ". Nothing was changed. Put the right catalog.sqlite back and start again, or "
          "run `photofarm reindex`, which makes the missing rows from the photos themselves");
}

}  // namespace

CatalogSession::CatalogSession(io::FileSystem& files, std::vector<Path> directories,
                               catalog::Catalog& catalog)
    : files_(files), directories_(std::move(directories)), catalog_(catalog) {}

Result<void> CatalogSession::check_first_run(io::FileSystem& files,
                                             const std::vector<Path>& directories) {
  for (const Path& directory : directories) {
    FARM_TRY(const bool there, files.exists(directory / catalog::kSessionFileName));
    if (there)
      return wrong_catalog("the catalog's file is missing, and the store has run with one");
  }
  return ok();
}

Result<void> CatalogSession::read_files() {
  seen_.clear();
  for (const Path& directory : directories_) {
    auto read = catalog::read_session(files_, directory);
    if (!read && read.error().code == ErrorCode::kUnsupported) return fail(std::move(read).error());
    if (!read) {
      obs::log_warn("a session file cannot be read", {{"error", read.error().message()}});
    } else if (read.value()) {
      seen_.push_back(*read.value());
    }
  }
  return ok();
}

Result<Tie> CatalogSession::check() {
  FARM_TRY(read_files());
  FARM_TRY(const auto tokens, catalog_.fact(kFact));
  if (seen_.empty()) return tokens ? Tie::kFileMissing : Tie::kNeverMade;
  if (!tokens) {
    return wrong_catalog("the catalog is a new one, and the store has run with another");
  }
  FARM_TRY(const catalog::CatalogStats stats, catalog_.stats());
  for (const SessionMark& mark : seen_) {
    if (!knows(*tokens, mark.token)) {
      return wrong_catalog("this is not the catalog that ran with the store last");
    }
    if (mark.added > stats.added) {
      return wrong_catalog("the catalog is an old copy: it has added " +
                           std::to_string(stats.added) + " photos, and there were " +
                           std::to_string(mark.added) + " already");
    }
  }
  return Tie::kHolds;
}

Result<void> CatalogSession::renew() {
  FARM_TRY(const catalog::CatalogStats stats, catalog_.stats());
  SessionMark mark;
  random_bytes(mark.token);
  mark.added = stats.added;
  // The tokens of the files stay good until the files have the new one.
  std::string tokens = to_hex(mark.token);
  for (const SessionMark& one : seen_) {
    if (!knows(tokens, one.token)) tokens += " " + to_hex(one.token);
  }
  FARM_TRY(catalog_.set_fact(kFact, tokens));
  write_files(mark);
  return ok();
}

void CatalogSession::write_files(const SessionMark& mark) {
  for (const Path& directory : directories_) {
    const auto written = catalog::write_session(files_, directory, mark);
    if (written) continue;
    obs::log_warn("a session file cannot be written", {{"error", written.error().message()}});
  }
  mark_ = mark;
}

Result<void> CatalogSession::note_progress() {
  FARM_TRY(const catalog::CatalogStats stats, catalog_.stats());
  if (stats.added != mark_.added) write_files({mark_.token, stats.added});
  return ok();
}

void CatalogSession::start() {
  thread_ = std::thread([this] { run(); });
}

void CatalogSession::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CatalogSession::run() {
  bool last = false;
  while (!last) {
    {
      std::unique_lock lock(mutex_);
      last = wake_.wait_for(lock, kNoteEvery, [this] { return stopping_; });
    }
    if (const auto noted = note_progress(); !noted) {
      obs::log_warn("the catalog's progress is not known", {{"error", noted.error().message()}});
    }
  }
}

}  // namespace farm::roles
