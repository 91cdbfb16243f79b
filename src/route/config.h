// The [[pool]] and [[route]] tables of the configuration: which servers stand behind this one, and
// which paths go to them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/document.h"

namespace farm::route {

inline constexpr std::size_t kMaxPools = 256;
inline constexpr std::size_t kMaxServersPerPool = 256;
inline constexpr std::size_t kMaxRoutes = 1024;

struct ServerAddress {
  std::string host;  // name or address, an IPv6 one without brackets
  std::uint16_t port = 80;

  std::string text() const;  // "host:port", "[::1]:80"
  bool operator==(const ServerAddress&) const = default;
};

// "host:port", "host", "[::1]:80"; kInvalidArgument for anything else.
Result<ServerAddress> parse_address(std::string_view text);

struct PoolConfig {
  std::string name;
  std::vector<ServerAddress> servers;  // at least one
  std::string balance = "round-robin";
  std::string host;  // what is sent as Host; empty: the server's own host and port
  std::chrono::milliseconds connect_timeout{0};   // 0: that of [upstream]
  std::chrono::milliseconds head_timeout{0};      // the same
  std::chrono::milliseconds retry_after{10'000};  // a server that failed is passed over so long
};

struct RouteConfig {
  std::string match;  // RE2, searched for in the path as it was sent (escapes stay)
  std::string host;   // in lower case, without a port; empty: any
  std::string pool;   // its name
  // How long a response is good that does not say so itself; nothing: not at all.
  std::optional<std::chrono::milliseconds> cache;
  std::string rewrite;  // the path that is asked for, \1 to \9 from `match`; empty: as it came
};

struct Config {
  std::vector<PoolConfig> pools;
  std::vector<RouteConfig> routes;  // the first that matches counts
};

// Pools: name, servers, balance, host, connect_timeout, head_timeout, retry_after. Routes: match,
// host, pool, cache, rewrite. What is wrong is told with file, line and key by Document::finish().
void read_config(config::Table root, Config& out);

}  // namespace farm::route
