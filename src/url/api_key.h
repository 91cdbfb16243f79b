// API keys: "pf_" and 40 lower-case hex digits (160 random bits). The farm keeps only their
// SHA-256; a key this long needs no salt and no slow hash. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace farm::url {

std::string make_api_key();

// What the catalog keeps of a key; nothing if it does not look like one.
std::optional<Sha256> hash_api_key(std::string_view key);

}  // namespace farm::url
