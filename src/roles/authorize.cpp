#include "roles/authorize.h"

#include "io/offload.h"
#include "url/api_key.h"

namespace farm::roles {
namespace {

auto unauthorized(std::string_view what) {
  return fail(ErrorCode::kUnauthorized, "roles", std::string(what));
}

std::string_view scope_name(catalog::Scope scope) {
  switch (scope) {
    case catalog::Scope::kUpload:
      return "upload";
    case catalog::Scope::kRead:
      return "read";
    case catalog::Scope::kAdmin:
      return "admin";
  }
  return "unknown";
}

}  // namespace

io::Task<Result<catalog::KeyRow>> Authorizer::check(net::Exchange& exchange, catalog::Scope scope) {
  if (!services_.health.ready()) {
    co_return fail(ErrorCode::kUnavailable, "roles",
                   "the farm has just been started and is still being opened; try again soon");
  }
  const auto header = exchange.request().find("Authorization");
  if (!header) {
    co_return unauthorized(
        "send an API key as \"Authorization: Bearer KEY\"; "
        "`photofarm keys add` makes one");
  }
  const std::size_t space = header->find(' ');
  if (space == std::string_view::npos ||
      !net::equals_ignoring_case(header->substr(0, space), "Bearer")) {
    co_return unauthorized("the Authorization header is not of the form \"Bearer KEY\"");
  }
  const auto hash = url::hash_api_key(header->substr(space + 1));
  if (!hash) co_return unauthorized("this is no API key of this farm");

  std::optional<catalog::KeyRow> row = remembered(*hash);
  if (!row) {
    std::uint64_t generation = 0;
    {
      const std::shared_lock lock(mutex_);
      generation = generation_;
    }
    catalog::Catalog& catalog = services_.catalog;
    const Sha256 wanted = *hash;
    const auto look_up = [&catalog, wanted] { return catalog.find_key(wanted); };
    FARM_CO_TRY(row, co_await io::offload(services_.disk_pool, look_up));
    if (!row) co_return unauthorized("this API key is unknown or was revoked");
    const std::unique_lock lock(mutex_);
    if (known_.size() >= kMaxRemembered) known_.clear();
    if (generation == generation_) known_.emplace(wanted, *row);
  }
  if (!row->scopes.allows(scope)) {
    co_return fail(
        ErrorCode::kForbidden, "roles",
        "the API key \"" + row->name + "\" lacks the scope " + std::string(scope_name(scope)));
  }
  co_return *row;
}

std::optional<catalog::KeyRow> Authorizer::remembered(const Sha256& hash) const {
  const std::shared_lock lock(mutex_);
  const auto found = known_.find(hash);
  if (found == known_.end()) return {};
  return found->second;
}

void Authorizer::forget() {
  const std::unique_lock lock(mutex_);
  known_.clear();
  ++generation_;
}

}  // namespace farm::roles
