#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "app/commands.h"

namespace farm::app {
namespace {

using Json = nlohmann::ordered_json;

void print_receipt(const Json& receipt) {
  std::printf("purge %s: %llu purged, %llu objects of memory here\n",
              receipt.value("id", "").c_str(),
              static_cast<unsigned long long>(receipt.value("purges", std::uint64_t{0})),
              static_cast<unsigned long long>(receipt.value("memory_objects", std::uint64_t{0})));
  for (const Json& edge : receipt["edges"]) {
    const std::string error = edge.value("error", "");
    std::printf("  %-8s %s%s\n", edge.value("state", "").c_str(), edge.value("edge", "").c_str(),
                error.empty() ? "" : (" (" + error + ")").c_str());
  }
}

bool all_have_heard(const Json& receipt) {
  for (const Json& edge : receipt["edges"]) {
    if (edge.value("state", "") != "done") return false;
  }
  return true;
}

}  // namespace

int purge(const ServerOptions& server, const PurgeOptions& options) {
  if (options.paths.empty() && options.prefixes.empty() && options.tags.empty()) {
    std::cerr << "photofarm: name what to purge: paths, --prefix or --tag\n";
    return kExitUsage;
  }
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  const Json request = {{"paths", options.paths},
                        {"prefixes", options.prefixes},
                        {"tags", options.tags},
                        {"soft", options.soft}};
  const std::string body = request.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto receipt = client.value().call(net::Method::kPost, "/v1/purges", as_bytes(body),
                                           {{"Content-Type", "application/json"}});
  if (!receipt) return report_error(receipt.error());
  if (options.json) {
    std::printf("%s\n", receipt.value().dump().c_str());
  } else {
    print_receipt(receipt.value());
  }
  if (all_have_heard(receipt.value())) return kExitOk;
  std::cerr << "photofarm: not every edge has heard yet; they are tried until they have. GET "
               "/v1/purges/"
            << receipt.value().value("id", "") << " tells\n";
  return kExitFailed;
}

}  // namespace farm::app
