#include <array>
#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/progress.h"
#include "net/query.h"

namespace farm::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kPage = 500;

void print_photo(const Json& photo) {
  for (const char* field : {"id", "server", "version", "owner", "title", "visibility", "format",
                            "width", "height", "bytes", "created_at", "changed_at", "taken_at",
                            "camera", "dominant_color", "thumb_hash"}) {
    if (!photo.contains(field)) continue;
    const Json& value = photo[field];
    std::printf("%-14s %s\n", field,
                value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
  }
  for (const auto& [code, size] : photo["sizes"].items()) {
    const std::string dimensions =
        std::to_string(size.value("width", 0)) + "x" + std::to_string(size.value("height", 0));
    std::printf("  %s  %-11s %8s  %s\n", code.c_str(), dimensions.c_str(),
                human_bytes(size.value("bytes", std::uint64_t{0})).c_str(),
                size.value("url", "").c_str());
  }
}

void print_row(const Json& photo) {
  const std::string dimensions =
      std::to_string(photo.value("width", 0)) + "x" + std::to_string(photo.value("height", 0));
  std::printf("%-19s %-20s %-11s %8s  %-7s %s  %s\n", photo.value("id", "").c_str(),
              photo.value("created_at", "").c_str(), dimensions.c_str(),
              human_bytes(photo.value("bytes", std::uint64_t{0})).c_str(),
              photo.value("visibility", "").c_str(), photo.value("owner", "").c_str(),
              photo.value("title", "").c_str());
}

}  // namespace

int report_error(const Error& error) {
  std::cerr << "photofarm: " << error.context << "\n";
  if (error.code == ErrorCode::kUnavailable && error.source == "net") return kExitUnreachable;
  const bool usage = error.code == ErrorCode::kInvalidArgument && error.source != "app";
  return usage ? kExitUsage : kExitFailed;
}

int info(const ServerOptions& server, const std::string& id, bool json) {
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  const auto photo =
      client.value().call(net::Method::kGet, "/v1/photos/" + net::percent_encode(id));
  if (!photo) return report_error(photo.error());
  if (json) {
    std::printf("%s\n", photo.value().dump().c_str());
  } else {
    print_photo(photo.value());
  }
  return kExitOk;
}

int remove(const ServerOptions& server, const std::vector<std::string>& ids) {
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  int exit_code = kExitOk;
  for (const std::string& id : ids) {
    const auto gone =
        client.value().call(net::Method::kDelete, "/v1/photos/" + net::percent_encode(id));
    if (gone) {
      std::printf("deleted %s\n", id.c_str());
      continue;
    }
    std::cerr << "photofarm: " << id << ": " << gone.error().context << "\n";
    if (gone.error().code == ErrorCode::kUnavailable) return kExitUnreachable;
    exit_code = kExitFailed;
  }
  return exit_code;
}

int list(const ServerOptions& server, const ListOptions& options) {
  auto client = ApiClient::make(server);
  if (!client) return report_error(client.error());
  std::string cursor;
  std::uint64_t left = options.limit == 0 ? UINT64_MAX : options.limit;
  while (left > 0) {
    std::string target = "/v1/photos?limit=" + std::to_string(std::min(left, kPage));
    if (options.owner) target += "&owner=" + net::percent_encode(*options.owner);
    if (!cursor.empty()) target += "&cursor=" + cursor;
    const auto page = client.value().call(net::Method::kGet, target);
    if (!page) return report_error(page.error());
    for (const Json& photo : page.value()["photos"]) {
      if (options.json) {
        std::printf("%s\n", photo.dump().c_str());
      } else {
        print_row(photo);
      }
    }
    left -= std::min<std::uint64_t>(left, page.value()["photos"].size());
    if (!page.value()["next"].is_string()) break;
    cursor = page.value()["next"].get<std::string>();
  }
  return kExitOk;
}

}  // namespace farm::app
