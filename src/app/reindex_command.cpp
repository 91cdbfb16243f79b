#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/farm.h"
#include "app/progress.h"
#include "obs/log.h"

namespace farm::app {
namespace {

using Json = nlohmann::ordered_json;
using roles::Reindexed;

constexpr const char* kNotBack =
    "What no record carries is not back: API keys (but the admin key of admin.key), "
    "Idempotency-Keys,\n"
    "and titles, owners and visibilities that were changed after a photo's last version was "
    "written.\n";

std::vector<std::string> names_of(const std::vector<PhotoId>& ids) {
  std::vector<std::string> names;
  for (const PhotoId id : ids) names.push_back(id.str());
  return names;
}

void print_json(const Reindexed& done) {
  const Json json = {{"records", done.records},
                     {"rows_added", done.rows_added},
                     {"rows_caught_up", done.rows_caught_up},
                     {"deletions_finished", done.deletions_finished},
                     {"rows_without_record", done.rows_without_record},
                     {"without_record", names_of(done.without_record)},
                     {"rows_ahead", done.rows_ahead},
                     {"ahead", names_of(done.ahead)},
                     {"records_unreadable", done.records_unreadable},
                     {"unreadable", done.unreadable}};
  std::printf("%s\n", json.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

void print_count(std::uint64_t count, const char* what, const std::vector<std::string>& names) {
  if (count == 0) return;
  std::printf("%llu %s\n", static_cast<unsigned long long>(count), what);
  for (const std::string& name : names) std::printf("  %s\n", name.c_str());
  if (count > names.size()) std::printf("  and more\n");
}

void print_summary(const Reindexed& done) {
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf("%llu records: %llu rows added, %llu caught up, %llu deletions finished\n",
              number(done.records), number(done.rows_added), number(done.rows_caught_up),
              number(done.deletions_finished));
  print_count(
      done.rows_without_record,
      "rows have no record. If no disk is missing, their photos were deleted or lost:"
      " `photofarm rm ID` removes the row, `photofarm import` brings back an exported record",
      names_of(done.without_record));
  print_count(done.rows_ahead,
              "rows are of a later version than their record: the store is older than the catalog",
              names_of(done.ahead));
  print_count(done.records_unreadable, "records cannot be read and have no row", done.unreadable);
  if (done.rows_added > 0) std::printf("%s", kNotBack);
}

}  // namespace

int reindex(const ServeOptions& options, bool json) {
  const auto config = effective_config(options);
  if (!config) return report_error(config.error());
  obs::LogConfig log = config.value().log;
  log.level = std::max(log.level, obs::LogLevel::kWarn);  // the summary tells the rest
  obs::start_logging(log);
  auto done = [&] {
    Progress progress("reindexing", "photos", 0);
    return Farm::reindex(config.value(), [&](std::uint64_t count, std::uint64_t total) {
      progress.set(count, total);
    });
  }();
  obs::stop_logging();
  if (!done) return report_error(done.error());
  if (json) {
    print_json(done.value());
  } else {
    print_summary(done.value());
  }
  return done.value().records_unreadable == 0 ? kExitOk : kExitFailed;
}

}  // namespace farm::app
