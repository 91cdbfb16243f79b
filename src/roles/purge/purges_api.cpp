#include "roles/purge/purges_api.h"

#include <array>

#include "io/offload.h"
#include "net/body_buffer.h"
#include "roles/api_request.h"
#include "roles/errors.h"
#include "roles/json_body.h"
#include "roles/purge/purge_json.h"

namespace farm::roles {
namespace {

using cache::Purge;
using catalog::Scope;

constexpr std::array<std::string_view, 4> kFields = {"paths", "prefixes", "tags", "soft"};

auto invalid(std::string what) {
  return fail(ErrorCode::kInvalidArgument, "roles", std::move(what));
}

Result<void> add_purges(const JsonBody& body, std::string_view field, Purge::Kind kind, bool soft,
                        std::vector<Purge>& out) {
  FARM_TRY(const auto texts, body.strings(field));
  if (!texts) return ok();
  for (const std::string& text : *texts) {
    FARM_TRY(std::vector<Purge> purges, cache::parse_purge(kind, text, soft));
    for (Purge& purge : purges) out.push_back(std::move(purge));
    if (out.size() > PurgesApi::kMaxPurges) {
      return fail(ErrorCode::kTooLarge, "roles",
                  "at most " + std::to_string(PurgesApi::kMaxPurges) +
                      " purges go into one request (a whole URL counts twice); send several");
    }
  }
  return ok();
}

Result<std::vector<Purge>> read_purges(const JsonBody& body) {
  FARM_TRY(const auto soft, body.boolean("soft"));
  std::vector<Purge> purges;
  FARM_TRY(add_purges(body, "paths", Purge::Kind::kPath, soft.value_or(false), purges));
  FARM_TRY(add_purges(body, "prefixes", Purge::Kind::kPrefix, soft.value_or(false), purges));
  FARM_TRY(add_purges(body, "tags", Purge::Kind::kTag, soft.value_or(false), purges));
  if (!purges.empty()) return purges;
  return invalid("name what to purge: {\"paths\": [\"/a.jpg\"]}, \"prefixes\" or \"tags\"");
}

Result<Purge> read_target(const net::RequestHead& request) {
  Purge purge{Purge::Kind::kPath, std::string(request.path)};
  if (request.has_query) purge.value.append("?").append(request.query);
  const std::string_view soft = request.find("Purge-Soft").value_or("0");
  if (soft != "0" && soft != "1") return invalid("Purge-Soft is 0 or 1");
  purge.soft = soft == "1";
  FARM_TRY(check_purge(purge));
  return purge;
}

Result<std::uint64_t> read_number(const net::Query& query, std::string_view name,
                                  std::uint64_t otherwise) {
  const auto text = query.find(name);
  if (!text) return otherwise;
  const auto number = parse_purge_number(*text);
  if (!number) return invalid(std::string(name) + " is a number");
  return *number;
}

io::Task<void> answer(net::Exchange& exchange, Result<std::string> json) {
  if (json) co_return co_await send_json(exchange, 200, std::move(json).value());
  (void)co_await send_error(exchange, std::move(json).error());
}

}  // namespace

void PurgesApi::add_endpoints(net::EndpointTable& table) {
  table.add({.method = net::Method::kPost,
             .pattern = "/v1/purges",
             .name = "purge",
             .max_body_bytes = kMaxPurgePageJson,
             .handle = [this](net::Exchange& exchange) { return purge(exchange); }});
  table.add({.method = net::Method::kGet,
             .pattern = "/v1/purges",
             .name = "purges",
             .handle = [this](net::Exchange& exchange) { return list(exchange); }});
  table.add({.method = net::Method::kPost,
             .pattern = "/v1/purges/feed",
             .name = "purge_feed",
             .max_body_bytes = kMaxPurgePageJson,
             .handle = [this](net::Exchange& exchange) { return feed(exchange); }});
  table.add({.method = net::Method::kGet,
             .pattern = "/v1/purges/{id}",
             .name = "purge_receipt",
             .handle = [this](net::Exchange& exchange) { return show(exchange); }});
}

io::Task<void> PurgesApi::purge(net::Exchange& exchange) {
  Result<std::string> json = co_await purge_body(exchange);
  co_await answer(exchange, std::move(json));
}

io::Task<void> PurgesApi::purge_path(net::Exchange& exchange) {
  Result<std::string> json = co_await purge_target(exchange);
  co_await answer(exchange, std::move(json));
}

io::Task<void> PurgesApi::show(net::Exchange& exchange) {
  Result<std::string> json = co_await find(exchange);
  co_await answer(exchange, std::move(json));
}

io::Task<void> PurgesApi::list(net::Exchange& exchange) {
  Result<std::string> json = co_await page(exchange);
  co_await answer(exchange, std::move(json));
}

io::Task<void> PurgesApi::feed(net::Exchange& exchange) {
  Result<std::string> json = co_await take_feed(exchange);
  co_await answer(exchange, std::move(json));
}

io::Task<Result<std::string>> PurgesApi::purge_body(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kAdmin));
  FARM_CO_TRY(read_query(exchange, {}));
  FARM_CO_TRY(const JsonBody body, co_await read_json(exchange, kFields));
  FARM_CO_TRY(Purges purges, read_purges(body));
  co_return co_await carry_out(std::move(purges));
}

io::Task<Result<std::string>> PurgesApi::purge_target(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kAdmin));
  FARM_CO_TRY(const Purge purge, read_target(exchange.request()));
  Purges purges(1, purge);
  co_return co_await carry_out(std::move(purges));
}

io::Task<Result<std::string>> PurgesApi::carry_out(Purges purges) {
  const auto work = [this, &purges]() -> Result<std::string> {
    Purger::Begun begun = purger_.begin(purges);
    FARM_TRY(std::move(begun.durable));
    FARM_TRY(const PurgeReceipt receipt, purger_.await(begun.id));
    return purge_receipt_json(receipt);
  };
  co_return co_await io::offload(services_.disk_pool, work);
}

io::Task<Result<std::string>> PurgesApi::find(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kAdmin));
  FARM_CO_TRY(const PurgeReceipt receipt,
              purger_.receipt(parse_purge_number(exchange.param(0)).value_or(0)));
  co_return purge_receipt_json(receipt);
}

io::Task<Result<std::string>> PurgesApi::page(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kAdmin));
  FARM_CO_TRY(const net::Query query, read_query(exchange, {"after", "limit"}));
  FARM_CO_TRY(const std::uint64_t after, read_number(query, "after", 0));
  FARM_CO_TRY(const std::uint64_t limit, read_number(query, "limit", kMaxPagePurges));
  if (limit < 1 || limit > kMaxPagePurges) {
    co_return invalid("limit is a number from 1 to " + std::to_string(kMaxPagePurges));
  }
  const auto work = [this, after, limit]() -> Result<std::string> {
    return purge_page_json(purger_.page(after, limit));
  };
  co_return co_await io::offload(services_.disk_pool, work);
}

io::Task<Result<std::string>> PurgesApi::take_feed(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kAdmin));
  FARM_CO_TRY(const net::BodyBuffer body, co_await net::read_whole_body(exchange));
  const ByteView bytes = body.view();
  const auto work = [this, bytes]() -> Result<std::string> {
    FARM_TRY(const cache::PurgePage page, parse_purge_page(as_text(bytes)));
    FARM_TRY(const std::uint64_t known, purger_.follower().apply(page));
    return purge_known_json(known);
  };
  co_return co_await io::offload(services_.disk_pool, work);
}

}  // namespace farm::roles
