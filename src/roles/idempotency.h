// Idempotency-Key on uploads: sending the same request again with the same key gives the photo that
// the first one made (draft-ietf-httpapi-idempotency-key-header). Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "catalog/catalog.h"
#include "net/exchange.h"
#include "roles/services.h"

namespace farm::roles {

// An upload's result, and whether an earlier request made it.
struct OnceOutcome {
  catalog::PhotoRow photo;
  bool replayed = false;
};

class Idempotency {
 public:
  explicit Idempotency(Services& services) : services_(services) {}

  // Holds a key while its first request runs.
  class Running {
   public:
    Running(Idempotency& owner, std::pair<std::string, std::string> key)
        : owner_(&owner), key_(std::move(key)) {}
    Running(Running&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), key_(std::move(other.key_)) {}
    Running& operator=(Running&&) = delete;
    ~Running();

   private:
    Idempotency* owner_;
    std::pair<std::string, std::string> key_;
  };

  // The row this request would leave, from its header and what it sends; nothing without the
  // header, kInvalidArgument for a bad one.
  static Result<std::optional<catalog::IdempotencyRow>> row_of(const net::Exchange& exchange,
                                                               const catalog::KeyRow& key,
                                                               ByteView body);

  // kConflict while another request with the same key runs.
  Result<Running> begin(const catalog::IdempotencyRow& row);

  // The photo that an earlier request with this key made, if there was one: kUnprocessable if it
  // was another request, kConflict if the photo has been deleted since. Blocking.
  Result<std::optional<catalog::PhotoRow>> earlier(const catalog::IdempotencyRow& row);

 private:
  Services& services_;
  std::mutex mutex_;
  std::set<std::pair<std::string, std::string>> running_;  // API key's name, idempotency key
};

}  // namespace farm::roles
