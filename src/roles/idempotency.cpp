#include "roles/idempotency.h"

#include <algorithm>

namespace farm::roles {
namespace {

constexpr std::size_t kMaxKeyBytes = 255;

}  // namespace

Idempotency::Running::~Running() {
  if (owner_ == nullptr) return;
  const std::lock_guard lock(owner_->mutex_);
  owner_->running_.erase(key_);
}

Result<std::optional<catalog::IdempotencyRow>> Idempotency::row_of(const net::Exchange& exchange,
                                                                   const catalog::KeyRow& key,
                                                                   ByteView body) {
  const auto header = exchange.request().find("Idempotency-Key");
  if (!header) return std::optional<catalog::IdempotencyRow>();
  const auto is_visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (header->empty() || header->size() > kMaxKeyBytes ||
      !std::ranges::all_of(*header, is_visible)) {
    return fail(ErrorCode::kInvalidArgument, "roles",
                "Idempotency-Key must be 1 to 255 visible ASCII characters");
  }
  const Sha256 digest = sha256(body);
  Bytes request(digest.begin(), digest.end());
  const ByteView query = as_bytes(exchange.request().query);
  request.insert(request.end(), query.begin(), query.end());
  catalog::IdempotencyRow row;
  row.api_key_name = key.name;
  row.key = *header;
  row.request = sha256(request);
  return std::optional(std::move(row));
}

Result<Idempotency::Running> Idempotency::begin(const catalog::IdempotencyRow& row) {
  std::pair key(row.api_key_name, row.key);
  const std::lock_guard lock(mutex_);
  if (!running_.insert(key).second) {
    return fail(ErrorCode::kConflict, "roles",
                "a request with this Idempotency-Key is still running; try again later");
  }
  return Running(*this, std::move(key));
}

Result<std::optional<catalog::PhotoRow>> Idempotency::earlier(const catalog::IdempotencyRow& row) {
  FARM_TRY(const auto before, services_.catalog.find_idempotent(row.api_key_name, row.key));
  if (!before) return std::optional<catalog::PhotoRow>();
  if (before->request != row.request) {
    return fail(ErrorCode::kUnprocessable, "roles",
                "this Idempotency-Key was used for another request; take a new one");
  }
  auto photo = services_.catalog.get(before->photo);
  if (photo) return std::optional(std::move(photo).value());
  if (photo.error().code != ErrorCode::kNotFound) return fail(std::move(photo).error());
  return fail(ErrorCode::kConflict, "roles",
              "the photo that this Idempotency-Key made has been deleted; take a new key");
}

}  // namespace farm::roles
