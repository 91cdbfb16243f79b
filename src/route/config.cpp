#include "route/config.h"

#include <algorithm>
#include <charconv>

#include "route/pattern.h"

namespace farm::route {
namespace {

constexpr std::size_t kMaxNameBytes = 255;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && std::ranges::all_of(text, [](char c) {
    return is_lower_or_digit(c) || is_upper(c) || c == '-' || c == '.' || c == '_';
  });
}

bool is_ipv6(std::string_view text) {
  return text.find(':') != std::string_view::npos && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
                  c == ':' || c == '.';
         });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stop != end || port == 0) return {};
  return port;
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

// What belongs to the design, but not to this version: better said than taken for a wrong key.
void refuse_later_keys(config::Table table, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (table.has(key)) table.reject(key, "this version has no " + std::string(key) + " yet");
  }
}

void read_servers(config::Table table, PoolConfig& pool) {
  std::vector<std::string> servers;
  table.read("servers", servers);
  if (servers.empty()) table.reject("servers", "is needed: [\"host:port\", …]");
  if (servers.size() > kMaxServersPerPool) {
    table.reject("servers", "at most " + std::to_string(kMaxServersPerPool) + " in a pool");
  }
  for (const std::string& text : servers) {
    auto address = parse_address(text);
    if (!address) {
      table.reject("servers", address.error().context);
    } else if (std::ranges::find(pool.servers, address.value()) != pool.servers.end()) {
      table.reject("servers", in_quotes(text) + " is there twice");
    } else {
      pool.servers.push_back(std::move(address).value());
    }
  }
}

// What may stand in a Host that we send.
bool is_host_with_port(std::string_view text) { return parse_address(text).has_value(); }

PoolConfig read_pool(config::Table table, const Config& others) {
  PoolConfig pool;
  table.read("name", pool.name);
  if (pool.name.empty()) table.reject("name", "is needed: routes name their pool by it");
  const auto same_name = [&](const PoolConfig& other) { return other.name == pool.name; };
  if (!pool.name.empty() && std::ranges::any_of(others.pools, same_name)) {
    table.reject("name", "there is another pool " + in_quotes(pool.name));
  }
  read_servers(table, pool);
  table.read("balance", pool.balance);
  if (pool.balance == "least-connections" || pool.balance == "hash") {
    table.reject("balance", "this version has no " + in_quotes(pool.balance) +
                                " yet; there is \"round-robin\"");
  } else if (pool.balance != "round-robin") {
    table.reject("balance", in_quotes(pool.balance) +
                                " is no way to balance; there is "
                                "\"round-robin\"");
  }
  table.read("host", pool.host);
  if (!pool.host.empty() && !is_host_with_port(pool.host)) {
    table.reject("host", in_quotes(pool.host) + " is no host to send");
  }
  table.read_duration("connect_timeout", pool.connect_timeout);
  table.read_duration("head_timeout", pool.head_timeout);
  table.read_duration("retry_after", pool.retry_after, {.max = std::chrono::hours(24)});
  refuse_later_keys(table, {"health"});
  return pool;
}

void check_pattern(config::Table table, const RouteConfig& route) {
  const Pattern pattern(route.match, route.rewrite);
  if (const std::string problem = pattern.problem(); !problem.empty()) {
    table.reject("match", in_quotes(route.match) + " is no RE2 pattern: " + problem);
  }
  if (const std::string problem = pattern.rewrite_problem(); !problem.empty()) {
    table.reject("rewrite", problem);
  }
}

RouteConfig read_route(config::Table table, const Config& others) {
  RouteConfig route;
  table.read("match", route.match);
  if (!table.has("match")) table.reject("match", "is needed: an RE2 pattern for the path");
  table.read("host", route.host);
  if (std::ranges::any_of(route.host, is_upper)) {
    table.reject("host", "write it in lower case: browsers send it so");
  } else if (!route.host.empty() && !is_host_name(route.host) && !is_ipv6(route.host)) {
    table.reject("host", in_quotes(route.host) + " is no host; it stands here without a port");
  }
  table.read("pool", route.pool);
  const auto is_meant = [&](const PoolConfig& pool) { return pool.name == route.pool; };
  if (route.pool.empty()) {
    table.reject("pool", "is needed: the name of a [[pool]]");
  } else if (std::ranges::none_of(others.pools, is_meant)) {
    table.reject("pool", "there is no [[pool]] named " + in_quotes(route.pool));
  }
  if (table.has("cache")) {
    std::chrono::milliseconds cache{0};
    table.read_duration("cache", cache);
    route.cache = cache;
  }
  table.read("rewrite", route.rewrite);
  check_pattern(table, route);
  refuse_later_keys(table, {"reproxy"});
  return route;
}

}  // namespace

std::string ServerAddress::text() const {
  const bool bracket = host.find(':') != std::string::npos;
  return (bracket ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ServerAddress> parse_address(std::string_view text) {
  ServerAddress out;
  std::string_view host = text;
  std::optional<std::string_view> port;
  const bool bracket = text.starts_with('[');
  const std::size_t end = bracket ? text.find(']') : text.find(':');
  if (end != std::string_view::npos) {
    std::string_view rest = text.substr(end + (bracket ? 1 : 0));
    host = bracket ? text.substr(1, end - 1) : text.substr(0, end);
    if (rest.starts_with(':')) {
      port = rest.substr(1);
      rest = {};
    }
    if (!rest.empty()) host = {};
  }
  if (port) {
    const auto number = parse_port(*port);
    if (number) out.port = *number;
    if (!number) host = {};
  }
  if (bracket ? !is_ipv6(host) : !is_host_name(host)) {
    return fail(ErrorCode::kInvalidArgument, "route",
                in_quotes(text) + " is no server; write it as \"host:port\"");
  }
  out.host = host;
  return out;
}

void read_config(config::Table root, Config& out) {
  const std::vector<config::Table> pools = root.tables("pool");
  const std::vector<config::Table> routes = root.tables("route");
  if (pools.size() > kMaxPools) {
    root.reject("pool", "at most " + std::to_string(kMaxPools) + " pools");
  }
  if (routes.size() > kMaxRoutes) {
    root.reject("route", "at most " + std::to_string(kMaxRoutes) + " routes");
  }
  for (const config::Table& table : pools) out.pools.push_back(read_pool(table, out));
  for (const config::Table& table : routes) out.routes.push_back(read_route(table, out));
}

}  // namespace farm::route
