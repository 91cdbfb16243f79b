// Who may call the API: `Authorization: Bearer KEY` against the catalog's keys, which are kept in
// memory and read anew when they change. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "catalog/catalog.h"
#include "net/exchange.h"
#include "roles/services.h"

namespace farm::roles {

class Authorizer {
 public:
  explicit Authorizer(Services& services) : services_(services) {}

  // The key the request came with: kUnauthorized without a good one, kForbidden without `scope`,
  // kUnavailable while the farm is being opened.
  io::Task<Result<catalog::KeyRow>> check(net::Exchange& exchange, catalog::Scope scope);

  // Call it after a key was added or revoked: the next request sees it.
  void forget();

 private:
  static constexpr std::size_t kMaxRemembered = 10'000;

  std::optional<catalog::KeyRow> remembered(const Sha256& hash) const;

  Services& services_;
  mutable std::shared_mutex mutex_;
  std::map<Sha256, catalog::KeyRow> known_;
  std::uint64_t generation_ = 0;  // grows with forget(): a look-up from before is not remembered
};

}  // namespace farm::roles
