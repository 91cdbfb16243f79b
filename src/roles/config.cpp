#include "roles/config.h"

#include <algorithm>

#include "base/photo_id.h"

namespace farm::roles {
namespace {

void check_roles(config::Table& root, const Config& config) {
  static constexpr std::array kKnown = {"edge", "origin", "upload"};
  for (const std::string& role : config.roles) {
    if (std::ranges::find(kKnown, role) != kKnown.end()) continue;
    root.reject("roles", "\"" + role + "\" is no role; there are edge, origin and upload");
  }
  if (config.roles.empty()) root.reject("roles", "name at least one of edge, origin and upload");
}

void check_public_url(config::Table& root, Config& config) {
  if (config.public_url.empty()) return;
  if (!config.public_url.starts_with("http://") && !config.public_url.starts_with("https://")) {
    root.reject("public_url", "begin it with http:// or https://");
  }
  while (config.public_url.ends_with('/')) config.public_url.pop_back();
}

void read_negotiated(config::Table& table, OnDemandConfig& config) {
  std::vector<std::string> names;
  for (const photo::Format format : config.negotiated) names.emplace_back(photo::extension(format));
  table.read("auto", names);
  config.negotiated.clear();
  for (const std::string& name : names) {
    const auto format = photo::format_from_extension(name);
    if (format == photo::Format::kWebp || format == photo::Format::kAvif) {
      config.negotiated.push_back(*format);
    } else {
      table.reject("auto", "\"" + name + "\" is neither webp nor avif");
    }
  }
}

void read_on_demand(config::Table table, OnDemandConfig& config) {
  table.read_size("cache", config.cache_bytes, {0, std::int64_t{1} << 44});
  table.read("threads", config.threads, {0, 1024});
  table.read("queue", config.queue, {1, 1'000'000});
  read_negotiated(table, config);
}

}  // namespace

bool Config::has_role(std::string_view role) const {
  return std::ranges::find(roles, role) != roles.end();
}

void read_config(config::Table root, Config& out) {
  root.read("listen", out.listen);
  root.read("public_url", out.public_url);
  check_public_url(root, out);
  root.read("roles", out.roles);
  check_roles(root, out);
  root.read("server_id", out.server_id, {0, kMaxServerId});
  root.read("farm_id", out.farm_id, {0, 65535});
  config::Table upload = root.table("upload");
  upload.read_size("memory", out.upload_memory_bytes, {1 << 20, std::int64_t{1} << 44});
  upload.read("disk_threads", out.disk_threads, {1, 1024});
  upload.read("disk_queue", out.disk_queue, {1, 1'000'000});
  read_on_demand(root.table("on_demand"), out.on_demand);
}

}  // namespace farm::roles
