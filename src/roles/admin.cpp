#include "roles/admin.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "io/offload.h"
#include "roles/api_request.h"
#include "roles/errors.h"
#include "roles/json_body.h"
#include "url/api_key.h"

namespace farm::roles {
namespace {

using catalog::KeyRow;
using catalog::Scope;
using Json = nlohmann::ordered_json;

struct ScopeName {
  std::string_view name;
  Scope scope;
};
constexpr std::array kScopes = {ScopeName{"upload", Scope::kUpload},
                                ScopeName{"read", Scope::kRead}, ScopeName{"admin", Scope::kAdmin}};

constexpr std::array<std::string_view, 2> kKeyFields = {"name", "scopes"};

auto invalid(std::string what) {
  return fail(ErrorCode::kInvalidArgument, "roles", std::move(what));
}

Result<std::string> parse_key_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (name.empty() || name.size() > 64 || !std::ranges::all_of(name, fits)) {
    return invalid("a key's name is 1 to 64 letters, digits, '-', '_' and '.'");
  }
  return std::string(name);
}

Json key_json(const KeyRow& row) {
  return {{"name", row.name},
          {"scopes", scope_names(row.scopes)},
          {"created_at", format_rfc3339(row.created_ms)}};
}

io::Task<void> send_json_or_error(net::Exchange& exchange, int status, Result<std::string> json) {
  if (json) co_return co_await send_json(exchange, status, std::move(json).value());
  (void)co_await send_error(exchange, std::move(json).error());
}

std::string opening_text(const store::StoreStats& stats) {
  const std::uint64_t percent =
      stats.open_bytes_total == 0 ? 0 : 100 * stats.open_bytes_done / stats.open_bytes_total;
  return "the store is being opened, " + std::to_string(percent) +
         " % done; photos are served as far as they are known";
}

}  // namespace

Result<catalog::Scopes> parse_scopes(const std::vector<std::string>& names) {
  catalog::Scopes scopes;
  for (const std::string& name : names) {
    const auto* found = std::ranges::find(kScopes, name, &ScopeName::name);
    if (found == kScopes.end()) {
      return invalid("\"" + name + "\" is no scope; there are upload, read and admin");
    }
    scopes.bits |= static_cast<std::uint8_t>(found->scope);
  }
  if (scopes.bits == 0) return invalid("give at least one scope of upload, read and admin");
  return scopes;
}

std::vector<std::string> scope_names(catalog::Scopes scopes) {
  std::vector<std::string> names;
  for (const ScopeName& one : kScopes) {
    if ((scopes.bits & static_cast<std::uint8_t>(one.scope)) != 0) names.emplace_back(one.name);
  }
  return names;
}

void Admin::add_endpoints(net::EndpointTable& table) {
  const auto add = [&](net::Method method, std::string pattern, std::string name,
                       io::Task<void> (Admin::*handle)(net::Exchange&),
                       std::uint64_t max_body_bytes = 0) {
    table.add(
        {.method = method,
         .pattern = std::move(pattern),
         .name = std::move(name),
         .max_body_bytes = max_body_bytes,
         .handle = [this, handle](net::Exchange& exchange) { return (this->*handle)(exchange); }});
  };
  using net::Method;
  add(Method::kGet, "/healthz", "healthz", &Admin::healthz);
  add(Method::kGet, "/metrics", "metrics", &Admin::metrics);
  add(Method::kGet, "/v1/keys", "keys", &Admin::list_keys);
  add(Method::kPost, "/v1/keys", "keys", &Admin::add_key, kMaxJsonBytes);
  add(Method::kDelete, "/v1/keys/{name}", "keys", &Admin::revoke_key);
}

io::Task<void> Admin::healthz(net::Exchange& exchange) {
  std::vector<std::string> problems = health_.problems();
  const store::StoreStats stats = services_.store.stats();
  problems.insert(problems.end(), stats.problems.begin(), stats.problems.end());
  const bool works = health_.ready() && !health_.stopping();
  if (!stats.open) problems.insert(problems.begin(), opening_text(stats));
  Json json = {{"status", health_.stopping() ? "stopping"
                          : !health_.ready() ? "opening"
                          : problems.empty() ? "ok"
                                             : "degraded"},
               {"problems", problems}};
  co_await send_json(exchange, works ? 200 : 503,
                     json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

io::Task<void> Admin::metrics(net::Exchange& exchange) {
  const auto work = [this]() -> Result<std::string> { return services_.metrics.scrape(); };
  const Result<std::string> text = co_await io::offload(services_.disk_pool, work);
  if (!text) {
    (void)co_await send_error(exchange, text.error());
    co_return;
  }
  exchange.head().start(200);
  exchange.head().add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  exchange.head().add("Cache-Control", "no-store");
  (void)co_await exchange.send(std::string_view(text.value()));
}

io::Task<void> Admin::list_keys(net::Exchange& exchange) {
  Result<std::string> json = co_await keys_json(exchange);
  co_await send_json_or_error(exchange, 200, std::move(json));
}

io::Task<void> Admin::add_key(net::Exchange& exchange) {
  Result<std::string> json = co_await make_key(exchange);
  co_await send_json_or_error(exchange, 201, std::move(json));
}

io::Task<void> Admin::revoke_key(net::Exchange& exchange) {
  Result<void> dropped = co_await drop_key(exchange);
  if (dropped) co_return co_await send_empty(exchange, 204);
  (void)co_await send_error(exchange, std::move(dropped).error());
}

io::Task<Result<std::string>> Admin::keys_json(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kAdmin));
  const auto work = [this] { return services_.catalog.list_keys(); };
  FARM_CO_TRY(const std::vector<KeyRow> rows, co_await io::offload(services_.disk_pool, work));
  Json keys = Json::array();
  for (const KeyRow& row : rows) keys.push_back(key_json(row));
  co_return Json{{"keys", std::move(keys)}}.dump() + "\n";
}

io::Task<Result<std::string>> Admin::make_key(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kAdmin));
  FARM_CO_TRY(const JsonBody body, co_await read_json(exchange, kKeyFields));
  FARM_CO_TRY(const auto name, body.string("name"));
  FARM_CO_TRY(const auto scopes, body.strings("scopes"));
  KeyRow row;
  FARM_CO_TRY(row.name, parse_key_name(name.value_or("")));
  FARM_CO_TRY(row.scopes, parse_scopes(scopes.value_or(std::vector<std::string>{})));
  row.created_ms = services_.clock.now_ms();
  const std::string key = url::make_api_key();
  const Sha256 hash = *url::hash_api_key(key);
  const auto work = [this, &row, &hash] { return services_.catalog.add_key(row, hash); };
  const Result<void> added = co_await io::offload(services_.disk_pool, work);
  if (!added && added.error().code == ErrorCode::kConflict) {
    co_return fail(
        ErrorCode::kConflict, "roles",
        "there is a key named \"" + row.name + "\" already; revoke it or take another name");
  }
  if (!added) co_return fail(added.error());
  authorizer_.forget();
  Json json = key_json(row);
  json["key"] = key;  // shown this once
  co_return json.dump() + "\n";
}

io::Task<Result<void>> Admin::drop_key(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kAdmin));
  const std::string name(exchange.param(0));
  const auto work = [this, &name] { return services_.catalog.revoke_key(name); };
  FARM_CO_TRY(co_await io::offload(services_.disk_pool, work));
  authorizer_.forget();
  co_return ok();
}

}  // namespace farm::roles
