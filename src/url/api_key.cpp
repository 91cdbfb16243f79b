#include "url/api_key.h"

namespace farm::url {
namespace {

constexpr std::string_view kPrefix = "pf_";
constexpr std::size_t kRandomBytes = 20;

}  // namespace

std::string make_api_key() {
  std::array<std::byte, kRandomBytes> random{};
  random_bytes(random);
  return std::string(kPrefix) + to_hex(random);
}

std::optional<Sha256> hash_api_key(std::string_view key) {
  std::array<std::byte, kRandomBytes> random{};
  if (!key.starts_with(kPrefix) || !from_hex(key.substr(kPrefix.size()), random)) return {};
  return sha256(as_bytes(key));
}

}  // namespace farm::url
