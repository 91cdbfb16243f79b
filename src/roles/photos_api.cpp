#include "roles/photos_api.h"

#include <charconv>

#include "io/offload.h"
#include "roles/api_request.h"
#include "roles/errors.h"
#include "roles/json_body.h"
#include "roles/photo_json.h"
#include "roles/purge/purger.h"

namespace farm::roles {
namespace {

using catalog::PhotoRow;
using catalog::Scope;

constexpr std::uint32_t kMaxPage = 1000;
constexpr std::array<std::string_view, 3> kPatchFields = {"owner", "title", "visibility"};

Result<catalog::ListQuery> read_list_query(const net::Exchange& exchange) {
  FARM_TRY(const net::Query query, read_query(exchange, {"owner", "limit", "cursor"}));
  catalog::ListQuery list;
  if (const auto owner = query.find("owner")) {
    FARM_TRY(list.owner, parse_owner(*owner));
  }
  if (const auto limit = query.find("limit")) {
    const char* end = limit->data() + limit->size();
    const auto [stop, error] = std::from_chars(limit->data(), end, list.limit);
    if (error != std::errc{} || stop != end || list.limit < 1 || list.limit > kMaxPage) {
      return fail(ErrorCode::kInvalidArgument, "roles", "limit is a number from 1 to 1000");
    }
  }
  if (const auto cursor = query.find("cursor")) {
    list.before = PhotoId::parse(*cursor);
    if (!list.before) {
      return fail(ErrorCode::kInvalidArgument, "roles",
                  "cursor is not one that a page gave as \"next\"");
    }
  }
  return list;
}

Result<catalog::PhotoPatch> read_patch(const JsonBody& body) {
  catalog::PhotoPatch patch;
  FARM_TRY(const auto owner, body.string("owner"));
  FARM_TRY(const auto title, body.string("title"));
  FARM_TRY(const auto visibility, body.string("visibility"));
  if (owner) {
    FARM_TRY(patch.owner, parse_owner(*owner));
  }
  if (title) {
    FARM_TRY(patch.title, parse_title(*title));
  }
  if (visibility) {
    FARM_TRY(patch.visibility, parse_visibility(*visibility));
  }
  if (!owner && !title && !visibility) {
    return fail(ErrorCode::kInvalidArgument, "roles",
                "send at least one of \"owner\", \"title\" and \"visibility\"");
  }
  return patch;
}

}  // namespace

void PhotosApi::add_endpoints(net::EndpointTable& table) {
  table.add({.method = net::Method::kGet,
             .pattern = "/v1/photos",
             .name = "list",
             .handle = [this](net::Exchange& exchange) { return list(exchange); }});
  table.add({.method = net::Method::kGet,
             .pattern = "/v1/photos/{id}",
             .name = "photo",
             .handle = [this](net::Exchange& exchange) { return get(exchange); }});
  table.add({.method = net::Method::kPatch,
             .pattern = "/v1/photos/{id}",
             .name = "patch",
             .max_body_bytes = kMaxJsonBytes,
             .handle = [this](net::Exchange& exchange) { return patch(exchange); }});
  table.add({.method = net::Method::kDelete,
             .pattern = "/v1/photos/{id}",
             .name = "delete",
             .handle = [this](net::Exchange& exchange) { return remove(exchange); }});
}

io::Task<void> PhotosApi::get(net::Exchange& exchange) {
  Result<PhotoRow> row = co_await read_one(exchange);
  co_await answer_photo(exchange, std::move(row), services_.config);
}

io::Task<void> PhotosApi::list(net::Exchange& exchange) {
  Result<Page> page = co_await read_page(exchange);
  if (!page) {
    (void)co_await send_error(exchange, std::move(page).error());
    co_return;
  }
  co_await send_json(
      exchange, 200,
      photo_page_json(page.value().rows, base_url(exchange, services_.config), page.value().more));
}

io::Task<void> PhotosApi::patch(net::Exchange& exchange) {
  Result<PhotoRow> row = co_await change(exchange);
  co_await answer_photo(exchange, std::move(row), services_.config);
}

io::Task<void> PhotosApi::remove(net::Exchange& exchange) {
  Result<std::uint64_t> erased = co_await erase(exchange);
  if (erased) co_return co_await send_empty(exchange, 204, purge_line(erased.value()));
  (void)co_await send_error(exchange, std::move(erased).error());
}

io::Task<Result<PhotoRow>> PhotosApi::read_one(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kRead));
  FARM_CO_TRY(read_query(exchange, {}));
  FARM_CO_TRY(const PhotoId id, photo_id_param(exchange));
  const auto work = [this, id] { return services_.catalog.get(id); };
  co_return co_await io::offload(services_.disk_pool, work);
}

io::Task<Result<PhotosApi::Page>> PhotosApi::read_page(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kRead));
  FARM_CO_TRY(const catalog::ListQuery query, read_list_query(exchange));
  // One more than asked tells whether there is a next page.
  catalog::ListQuery wider = query;
  ++wider.limit;
  const auto work = [this, &wider] { return services_.catalog.list(wider); };
  FARM_CO_TRY(std::vector<PhotoRow> rows, co_await io::offload(services_.disk_pool, work));
  const bool more = rows.size() > query.limit;
  if (more) rows.pop_back();
  co_return Page{std::move(rows), more};
}

io::Task<Result<PhotoRow>> PhotosApi::change(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kUpload));
  FARM_CO_TRY(const PhotoId id, photo_id_param(exchange));
  FARM_CO_TRY(const JsonBody body, co_await read_json(exchange, kPatchFields));
  FARM_CO_TRY(const catalog::PhotoPatch patch, read_patch(body));
  const auto work = [this, id, &patch] { return writer_.patch(id, patch); };
  co_return co_await io::offload(services_.disk_pool, work);
}

io::Task<Result<std::uint64_t>> PhotosApi::erase(net::Exchange& exchange) {
  FARM_CO_TRY(co_await authorizer_.check(exchange, Scope::kUpload));
  FARM_CO_TRY(const PhotoId id, photo_id_param(exchange));
  const auto work = [this, id]() -> Result<std::uint64_t> {
    FARM_TRY(const std::uint64_t purge, writer_.remove(id));
    await_purge(services_, purge);
    return purge;
  };
  co_return co_await io::offload(services_.disk_pool, work);
}

}  // namespace farm::roles
