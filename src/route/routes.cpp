#include "route/routes.h"

#include <algorithm>
#include <array>

#include "route/pattern.h"

namespace farm::route {
namespace {

constexpr std::size_t kMaxHostBytes = 255;

// A Host in lower case and without its port; longer than any name that a route can have: empty.
class PlainHost {
 public:
  explicit PlainHost(std::string_view host) {
    const std::size_t bracket = host.starts_with('[') ? host.find(']') : 0;
    const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    host = host.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.size() > kMaxHostBytes) return;
    std::ranges::transform(host, text_.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    size_ = host.size();
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, kMaxHostBytes> text_;
  std::size_t size_ = 0;
};

Result<void> check(const Pattern& pattern, const RouteConfig& route) {
  for (const std::string& problem : {pattern.problem(), pattern.rewrite_problem()}) {
    if (problem.empty()) continue;
    return fail(ErrorCode::kInvalidArgument, "route",
                "the route \"" + route.match + "\": " + problem);
  }
  return ok();
}

}  // namespace

Routes::Routes() = default;
Routes::~Routes() = default;
Routes::Routes(Routes&&) noexcept = default;
Routes& Routes::operator=(Routes&&) noexcept = default;

Result<Routes> Routes::make(const Config& config) {
  Routes out;
  for (const PoolConfig& pool : config.pools) {
    if (pool.servers.empty()) {
      return fail(ErrorCode::kInvalidArgument, "route", "the pool " + pool.name + " has no server");
    }
    out.pools_.push_back(std::make_unique<Pool>(pool));
  }
  for (const RouteConfig& route : config.routes) {
    const auto pool = std::ranges::find_if(
        out.pools_, [&](const auto& candidate) { return candidate->name() == route.pool; });
    if (pool == out.pools_.end()) {
      return fail(ErrorCode::kInvalidArgument, "route", "there is no pool \"" + route.pool + "\"");
    }
    auto pattern = std::make_shared<const Pattern>(route.match, route.rewrite);
    FARM_TRY(check(*pattern, route));
    if (!route.host.empty()) out.hosts_.push_back(route.host);
    out.routes_.push_back(
        {out.routes_.size(), pool->get(), route.cache, route.host, std::move(pattern)});
  }
  std::ranges::sort(out.hosts_);
  return out;
}

const Route* Routes::find(std::string_view host, std::string_view path) const {
  if (routes_.empty()) return nullptr;
  const PlainHost plain(host);
  for (const Route& route : routes_) {
    const bool is_for_host = route.host.empty() || route.host == plain.view();
    if (is_for_host && route.pattern->matches(path)) return &route;
  }
  return nullptr;
}

bool Routes::names_host(std::string_view host) const {
  if (hosts_.empty()) return false;
  const PlainHost plain(host);
  return std::binary_search(hosts_.begin(), hosts_.end(), plain.view());
}

std::string Routes::target(const Route& route, std::string_view path,
                           std::string_view query) const {
  std::string out = route.pattern->rewritten(path);
  if (!query.empty()) out.append("?").append(query);
  return out;
}

}  // namespace farm::route
