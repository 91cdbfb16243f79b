#include "photo/secret.h"

#include "base/digest.h"

namespace farm::photo {

Secret Secret::random() {
  Secret secret;
  random_bytes(secret.bytes);
  return secret;
}

std::optional<Secret> Secret::parse(std::string_view hex) {
  Secret secret;
  if (!from_hex(hex, secret.bytes)) return {};
  return secret;
}

bool Secret::matches(const Secret& other) const { return equal_constant_time(bytes, other.bytes); }

}  // namespace farm::photo
