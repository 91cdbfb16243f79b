#include <chrono>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/progress.h"
#include "net/query.h"

namespace farm::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kPoll{200};

std::string joined(const Json& names) {
  std::string text;
  for (const Json& name : names) text += (text.empty() ? "" : ",") + name.get<std::string>();
  return text;
}

// Starts it, or joins one that runs, and waits for its last state.
Result<Json> run_upkeep(ApiClient& client, const std::string& path, const char* what,
                        const std::string& unit) {
  const auto started = client.call(net::Method::kPost, path);
  if (!started && started.error().code != ErrorCode::kConflict) return fail(started.error());
  Progress progress(what, unit, 0);
  for (;;) {
    FARM_TRY(Json state, client.call(net::Method::kGet, path));
    if (!state.value("running", false)) return state;
    progress.set(state.value(unit + "_done", std::uint64_t{0}),
                 state.value(unit + "_total", std::uint64_t{0}));
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

int verify(const ServerOptions& server, bool json) {
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  const auto state = run_upkeep(client.value(), "/v1/verification", "verifying", "bytes");
  if (!state) return report_error(state.error());
  const Json& result = state.value();
  if (json) std::printf("%s\n", result.dump().c_str());
  if (result.contains("error")) {
    std::cerr << "photofarm: the verification ended early: " << result.value("error", "") << "\n";
    return kExitFailed;
  }
  const std::uint64_t damaged = result.value("damaged_count", std::uint64_t{0});
  if (!json) {
    std::printf("%llu photos, %s read back, %llu damaged\n",
                static_cast<unsigned long long>(result.value("records", std::uint64_t{0})),
                human_bytes(result.value("bytes", std::uint64_t{0})).c_str(),
                static_cast<unsigned long long>(damaged));
    for (const Json& one : result["damaged"]) std::printf("  %s\n", one.get<std::string>().c_str());
  }
  return damaged == 0 ? kExitOk : kExitFailed;
}

int compact(const ServerOptions& server, bool json) {
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  const auto state = run_upkeep(client.value(), "/v1/compaction", "compacting", "volumes");
  if (!state) return report_error(state.error());
  const Json& result = state.value();
  if (json) std::printf("%s\n", result.dump().c_str());
  if (result.contains("error")) {
    std::cerr << "photofarm: the compaction ended early: " << result.value("error", "") << "\n";
    return kExitFailed;
  }
  if (!json) {
    const std::uint64_t before = result.value("bytes_before", std::uint64_t{0});
    const std::uint64_t after = result.value("bytes_after", std::uint64_t{0});
    std::printf("%llu volumes rewritten, %s given back\n",
                static_cast<unsigned long long>(result.value("volumes", std::uint64_t{0})),
                human_bytes(before - std::min(before, after)).c_str());
  }
  for (const Json& one : result["failures"]) {
    std::cerr << "photofarm: not rewritten: " << one.get<std::string>() << "\n";
  }
  return result["failures"].empty() ? kExitOk : kExitFailed;
}

int add_key(const ServerOptions& server, const std::string& name, const std::string& scopes,
            bool json) {
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  Json request = {{"name", name}, {"scopes", Json::array()}};
  std::istringstream parts(scopes);
  for (std::string scope; std::getline(parts, scope, ',');) request["scopes"].push_back(scope);
  const std::string body = request.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto key = client.value().call(net::Method::kPost, "/v1/keys", as_bytes(body),
                                       {{"Content-Type", "application/json"}});
  if (!key) return report_error(key.error());
  if (json) {
    std::printf("%s\n", key.value().dump().c_str());
  } else {
    std::printf("%s\n", key.value().value("key", "").c_str());
    std::cerr << "Keep it: it is shown this once.\n";
  }
  return kExitOk;
}

int list_keys(const ServerOptions& server, bool json) {
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  const auto keys = client.value().call(net::Method::kGet, "/v1/keys");
  if (!keys) return report_error(keys.error());
  for (const Json& key : keys.value()["keys"]) {
    if (json) {
      std::printf("%s\n", key.dump().c_str());
    } else {
      std::printf("%-24s %-18s %s\n", key.value("name", "").c_str(), joined(key["scopes"]).c_str(),
                  key.value("created_at", "").c_str());
    }
  }
  return kExitOk;
}

int revoke_key(const ServerOptions& server, const std::string& name) {
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  const auto gone =
      client.value().call(net::Method::kDelete, "/v1/keys/" + net::percent_encode(name));
  if (!gone) return report_error(gone.error());
  std::printf("revoked %s\n", name.c_str());
  return kExitOk;
}

}  // namespace farm::app
