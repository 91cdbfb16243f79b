#include <atomic>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <set>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/record_files.h"
#include "app/transfer.h"
#include "io/file.h"
#include "net/query.h"
#include "roles/records_api.h"

namespace farm::app {
namespace {

using Json = nlohmann::ordered_json;
using Path = std::filesystem::path;

constexpr std::uint32_t kPage = 500;
constexpr int kTriesWhenBrokenOff = 3;

// "2026-11-22" as it begins an RFC 3339 time, with which it compares.
Result<void> check_day(const std::string& day) {
  const auto digits = [](char c) { return c >= '0' && c <= '9' ? 'd' : c; };
  std::string shape = day;
  std::ranges::transform(shape, shape.begin(), digits);
  if (day.empty() || shape == "dddd-dd-dd") return ok();
  return fail(ErrorCode::kInvalidArgument, "cli", "--since takes a day, as in 2026-11-22");
}

// How many photos there are, for the bar; the server's metrics need no key.
std::uint64_t count_photos(ApiClient& client, const ExportOptions& options) {
  if (options.owner || !options.since.empty()) return Progress::kUnknown;
  const auto metrics = client.send(net::Method::kGet, "/metrics");
  constexpr std::string_view kName = "\nphotofarm_catalog_photos ";
  const std::size_t at = metrics ? metrics.value().body.find(kName) : std::string::npos;
  if (at == std::string::npos) return Progress::kUnknown;
  const std::string& text = metrics.value().body;
  double count = 0;
  std::from_chars(text.data() + at + kName.size(), text.data() + text.size(), count);
  return static_cast<std::uint64_t>(count);
}

class Export {
 public:
  Export(const ServerOptions& server, const ExportOptions& options, ApiClient client)
      : options_(options),
        directory_(options.directory),
        client_(std::move(client)),
        transfer_(server, options.jobs, "exporting", count_photos(client_, options)) {}

  Result<void> run() {
    FARM_TRY(io::posix_file_system().make_directories(std::filesystem::absolute(directory_)));
    std::string cursor;
    for (;;) {
      FARM_TRY(const Json page, next_page(cursor));
      std::vector<Json> photos;
      bool older = false;
      for (const Json& photo : page["photos"]) {
        older = photo.value("created_at", "") < options_.since;
        if (older) break;  // and so are all that follow
        photos.push_back(photo);
      }
      FARM_TRY(export_page(photos));
      if (older || !page["next"].is_string()) return ok();
      cursor = page["next"].get<std::string>();
    }
  }

  int report() {
    const auto number = [](const std::atomic<std::uint64_t>& n) {
      return static_cast<unsigned long long>(n.load());
    };
    const std::uint64_t failed = transfer_.finish();
    if (options_.json) {
      std::printf("%s\n", Json{{"exported", exported_.load()},
                               {"bytes", bytes_.load()},
                               {"there_already", skipped_.load()},
                               {"deleted_meanwhile", gone_.load()},
                               {"failed", failed}}
                              .dump()
                              .c_str());
    } else {
      std::printf("%llu photos exported (%s), %llu there already", number(exported_),
                  human_bytes(bytes_).c_str(), number(skipped_));
      if (gone_ > 0) std::printf(", %llu deleted meanwhile", number(gone_));
      if (failed > 0) std::printf(", %llu failed", static_cast<unsigned long long>(failed));
      std::printf("\n");
    }
    return failed == 0 ? kExitOk : kExitFailed;
  }

 private:
  Result<Json> next_page(const std::string& cursor) {
    std::string target = "/v1/photos?limit=" + std::to_string(kPage);
    if (options_.owner) target += "&owner=" + net::percent_encode(*options_.owner);
    if (!cursor.empty()) target += "&cursor=" + cursor;
    for (int attempt = 1;; ++attempt) {
      auto page = client_.call(net::Method::kGet, target);
      if (page || !worth_another_try(page.error()) || !wait_to_try_again(attempt)) return page;
    }
  }

  Result<void> export_page(const std::vector<Json>& photos) {
    Result<void> done = transfer_.run(
        photos.size(),
        [&](ApiClient& client, std::size_t index) { return export_photo(client, photos[index]); },
        [&](std::size_t index) { return "photo " + photos[index].value("id", ""); });
    for (const Path& folder : std::exchange(folders_, {})) {
      FARM_TRY(io::posix_file_system().sync_directory(folder));
    }
    return done;
  }

  Result<void> export_photo(ApiClient& client, const Json& photo) {
    const auto id = PhotoId::parse(photo.value("id", ""));
    if (!id) return fail(ErrorCode::kCorrupt, "app", "the server gave a photo without an id");
    const Path file = record_path(directory_, *id);
    if (is_there(file, photo)) {
      ++skipped_;
      return ok();
    }
    const auto record = fetch(client, *id);
    if (!record && record.error().code == ErrorCode::kNotFound && is_gone(client, *id)) {
      ++gone_;
      return ok();
    }
    if (!record) return fail(record.error());
    FARM_TRY(write_record_file(file, record.value()));
    ++exported_;
    bytes_ += record.value().size();
    const std::lock_guard lock(mutex_);
    folders_.insert(file.parent_path());
    return ok();
  }

  // In this version, under these labels.
  static bool is_there(const Path& file, const Json& photo) {
    const auto found = read_record_header(file);
    if (!found || !found.value() || !found.value()->whole) return false;
    const photo::RecordInfo info = found.value()->header.view().info();
    const bool is_public = info.visibility == photo::Visibility::kPublic;
    return info.id.str() == photo.value("id", "") && info.version == photo.value("version", 0U) &&
           info.secret.str() == photo.value("secret", "") &&
           info.owner == photo.value("owner", "") && info.title == photo.value("title", "") &&
           (is_public ? "public" : "private") == photo.value("visibility", "");
  }

  static bool is_gone(ApiClient& client, PhotoId id) {
    const auto photo = client.call(net::Method::kGet, "/v1/photos/" + id.str());
    return !photo && photo.error().code == ErrorCode::kNotFound;
  }

  // The record, every byte of it checked here too. A server that finds damage while it sends can
  // only break off, as it does for a photo that is changed meanwhile.
  static Result<Bytes> fetch(ApiClient& client, PhotoId id) {
    for (int attempt = 1;; ++attempt) {
      auto bytes = client.download("/v1/records/" + id.str());
      const bool broken_off = !bytes && bytes.error().code == ErrorCode::kClosed;
      const bool try_again = !bytes && worth_another_try(bytes.error()) &&
                             !(broken_off && attempt >= kTriesWhenBrokenOff);
      if (try_again && wait_to_try_again(attempt)) continue;
      if (broken_off) {
        return fail(ErrorCode::kCorrupt, "app",
                    "the server breaks off in the middle of it; it may be damaged: see the "
                    "server's log and `photofarm verify`");
      }
      if (!bytes) return bytes;
      FARM_TRY(const photo::RecordView record, roles::check_whole_record(bytes.value()));
      if (record.id() == id) return bytes;
      return fail(ErrorCode::kCorrupt, "app", "the server sent another photo's record");
    }
  }

  const ExportOptions& options_;
  const Path directory_;
  ApiClient client_;
  Transfer transfer_;
  std::atomic<std::uint64_t> exported_{0}, bytes_{0}, skipped_{0}, gone_{0};
  std::mutex mutex_;        // guards what follows
  std::set<Path> folders_;  // with names that are not on disk yet
};

}  // namespace

int export_records(const ServerOptions& server, const ExportOptions& options) {
  if (const auto good = check_day(options.since); !good) return report_error(good.error());
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  Export work(server, options, std::move(client).value());
  const Result<void> done = work.run();
  const int exit_code = work.report();
  return done ? exit_code : report_error(done.error());
}

}  // namespace farm::app
