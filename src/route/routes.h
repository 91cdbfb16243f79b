// From a request to the pool that answers it: the first [[route]] whose host and pattern match.
// Thread-safe: nothing changes after make() but the pools' own state.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "route/config.h"
#include "route/pool.h"

namespace farm::route {

class Pattern;

struct Route {
  std::size_t index = 0;  // in the order of the configuration
  Pool* pool = nullptr;   // never null; as long as the Routes
  // How long a response is good that does not say so itself; nothing: not at all.
  std::optional<std::chrono::milliseconds> cache;
  std::string host;  // in lower case; empty: any
  std::shared_ptr<const Pattern> pattern;
};

class Routes {
 public:
  // kInvalidArgument if a pattern is none, a route names no pool, …
  static Result<Routes> make(const Config& config);
  Routes();
  ~Routes();
  Routes(Routes&&) noexcept;
  Routes& operator=(Routes&&) noexcept;

  // `host` as in the request's Host, in any case, with or without a port; `path` as it was sent.
  // Null: no route is for it.
  const Route* find(std::string_view host, std::string_view path) const;
  bool empty() const { return routes_.empty(); }
  // Whether some route is for that host (as in find()) alone.
  bool names_host(std::string_view host) const;

  // What to ask the pool for: the path, rewritten if the route says so, and '?' and the query
  // unless that is empty. `path` is one that find() gave the route for.
  std::string target(const Route& route, std::string_view path, std::string_view query) const;

  const std::vector<std::unique_ptr<Pool>>& pools() const { return pools_; }

 private:
  std::vector<std::unique_ptr<Pool>> pools_;
  std::vector<Route> routes_;
  std::vector<std::string> hosts_;  // that routes name, sorted
};

}  // namespace farm::route
