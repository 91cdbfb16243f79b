// The [edge] table: how this edge presents itself, and what it lets through.
#pragma once

#include <cstdint>
#include <string>

#include "config/document.h"

namespace farm::roles {

struct EdgeConfig {
  std::string name = "photofarm";          // in Cache-Status and Via
  std::uint64_t max_body_bytes = 1 << 30;  // of a request that goes on to a pool; more get 413
};

// Keys: name, max_body.
void read_config(config::Table table, EdgeConfig& out);

}  // namespace farm::roles
