#include "roles/edge/config.h"

#include <algorithm>

namespace farm::roles {

void read_config(config::Table table, EdgeConfig& out) {
  table.read("name", out.name);
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  constexpr std::size_t kMaxName = 48;
  if (out.name.empty() || out.name.size() > kMaxName || !std::ranges::all_of(out.name, is_plain)) {
    table.reject("name", "a name is 1 to 48 letters, digits, '-', '.' or '_'");
  }
  table.read_size("max_body", out.max_body_bytes);
}

}  // namespace farm::roles
