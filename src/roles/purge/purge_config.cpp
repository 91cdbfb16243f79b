#include "roles/purge/purge_config.h"

#include "net/client.h"

namespace farm::roles {
namespace {

using std::chrono::milliseconds;

void read_peers(config::Table& table, std::string_view key, std::vector<PurgePeerConfig>& out) {
  for (config::Table& one : table.tables(key)) {
    PurgePeerConfig peer;
    one.read("url", peer.url);
    one.read("key", peer.key);
    one.read("key_file", peer.key_file);
    const auto url = net::parse_server_url(peer.url);
    if (!url || url.value().target != "/") {
      one.reject("url", "give the process's address as http://HOST:PORT");
    }
    if (peer.key.empty() == peer.key_file.empty()) {
      one.reject("key_file", "give either key_file or key: an API key of that process");
    }
    while (peer.url.ends_with('/')) peer.url.pop_back();
    out.push_back(std::move(peer));
  }
  if (out.size() > PurgeConfig::kMaxPeers) {
    table.reject(key, "there are more than " + std::to_string(PurgeConfig::kMaxPeers));
  }
}

}  // namespace

cache::PurgeLogOptions PurgeConfig::log_options() const {
  cache::PurgeLogOptions options;
  options.max_purges = log_entries;
  options.max_value_bytes = log_bytes;
  return options;
}

void read_config(config::Table table, PurgeConfig& out) {
  read_peers(table, "edges", out.edges);
  read_peers(table, "from", out.from);
  table.read_duration("poll", out.poll, {milliseconds(100), std::chrono::hours(24)});
  table.read_duration("wait", out.wait, {milliseconds(0), std::chrono::minutes(1)});
  table.read_duration("timeout", out.timeout, {milliseconds(100), std::chrono::minutes(5)});
  table.read_duration("retry_max", out.retry_max, {milliseconds(100), std::chrono::hours(1)});
  table.read("log_entries", out.log_entries, {1'000, 16'000'000});
  table.read_size("log_size", out.log_bytes, {1 << 20, std::int64_t{8} << 30});
  table.read("receipts", out.receipts, {1, 1'000'000});
}

}  // namespace farm::roles
