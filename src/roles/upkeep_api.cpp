#include "roles/upkeep_api.h"

#include <nlohmann/json.hpp>

#include "obs/log.h"
#include "roles/api_request.h"
#include "roles/errors.h"
#include "roles/json_body.h"

namespace farm::roles {
namespace {

using catalog::KeyRow;
using catalog::Scope;
using Json = nlohmann::ordered_json;

void add_report(Json& json, const store::VerifyReport& report) {
  json["records"] = report.records;
  json["bytes"] = report.bytes;
  json["damaged_count"] = report.damaged_count;
  json["damaged"] = report.damaged;
}

void add_report(Json& json, const store::CompactReport& report) {
  json["volumes"] = report.volumes;
  json["bytes_before"] = report.bytes_before;
  json["bytes_after"] = report.bytes_after;
  json["failures"] = report.failures;
}

void log_report(const store::VerifyReport& report) {
  obs::log_info(
      "verification ended",
      {{"records", report.records}, {"bytes", report.bytes}, {"damaged", report.damaged_count}});
}

void log_report(const store::CompactReport& report) {
  obs::log_info("compaction ended", {{"volumes", report.volumes},
                                     {"bytes_before", report.bytes_before},
                                     {"bytes_after", report.bytes_after},
                                     {"failures", report.failures.size()}});
}

template <class Report>
std::string state_json(const typename BackgroundRun<Report>::State& state, const char* unit) {
  Json json = {{"running", state.running},
               {std::string(unit) + "_done", state.done},
               {std::string(unit) + "_total", state.total}};
  if (!state.error.empty()) json["error"] = state.error;
  if (state.report) add_report(json, *state.report);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string state_json(const BackgroundRun<store::VerifyReport>::State& state) {
  return state_json<store::VerifyReport>(state, "bytes");
}

std::string state_json(const BackgroundRun<store::CompactReport>::State& state) {
  return state_json<store::CompactReport>(state, "volumes");
}

template <class Report>
Result<Report> logged(Result<Report> report) {
  if (report) {
    log_report(report.value());
  } else {
    obs::log_warn("upkeep ended early", {{"error", report.error().message()}});
  }
  return report;
}

}  // namespace

UpkeepApi::UpkeepApi(Services& services, Authorizer& authorizer)
    : authorizer_(authorizer),
      verification_([&services](const store::Progress& progress) {
        return logged(services.store.verify(progress));
      }),
      compaction_([&services](const store::Progress& progress) {
        return logged(services.store.compact(progress));
      }) {}

void UpkeepApi::stop() {
  verification_.stop();
  compaction_.stop();
}

void UpkeepApi::add_endpoints(net::EndpointTable& table) {
  add_run(table, "verification", verification_);
  add_run(table, "compaction", compaction_);
}

template <class Report>
void UpkeepApi::add_run(net::EndpointTable& table, const std::string& name,
                        BackgroundRun<Report>& run) {
  table.add({.method = net::Method::kPost,
             .pattern = "/v1/" + name,
             .name = name,
             .max_body_bytes = kMaxJsonBytes,
             .handle = [this, name, &run](net::Exchange& exchange) {
               return begin(exchange, name, run);
             }});
  table.add({.method = net::Method::kGet,
             .pattern = "/v1/" + name,
             .name = name,
             .handle = [this, name, &run](net::Exchange& exchange) {
               return show(exchange, name, run);
             }});
}

template <class Report>
io::Task<void> UpkeepApi::begin(net::Exchange& exchange, std::string name,
                                BackgroundRun<Report>& run) {
  const Result<KeyRow> key = co_await authorizer_.check(exchange, Scope::kAdmin);
  if (!key) {
    (void)co_await send_error(exchange, key.error());
    co_return;
  }
  if (!run.start()) {
    (void)co_await exchange.send_problem(409, "a " + name + " is running already");
    co_return;
  }
  co_await send_json(exchange, 202, state_json(run.state()));
}

template <class Report>
io::Task<void> UpkeepApi::show(net::Exchange& exchange, std::string name,
                               BackgroundRun<Report>& run) {
  const Result<KeyRow> key = co_await authorizer_.check(exchange, Scope::kAdmin);
  if (!key) {
    (void)co_await send_error(exchange, key.error());
    co_return;
  }
  const auto state = run.state();
  if (!state.started) {
    (void)co_await exchange.send_problem(404, "no " + name + " has run since the start");
    co_return;
  }
  co_await send_json(exchange, 200, state_json(state));
}

}  // namespace farm::roles
