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

// Waits for the verification that runs, and gives its last state.
Result<Json> await_verification(ApiClient& client) {
  Progress progress("verifying", "bytes", 0);
  for (;;) {
    FARM_TRY(Json state, client.call(net::Method::kGet, "/v1/verification"));
    if (!state.value("running", false)) return state;
    progress.set(state.value("bytes_done", std::uint64_t{0}),
                 state.value("bytes_total", std::uint64_t{0}));
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

int verify(const ServerOptions& server, bool json) {
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  const auto started = client.value().call(net::Method::kPost, "/v1/verification");
  // One that runs already will do.
  if (!started && started.error().code != ErrorCode::kConflict)
    return report_error(started.error());
  const auto state = await_verification(client.value());
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
