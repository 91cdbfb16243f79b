#include "net/config.h"

namespace farm::net {

void read_config(config::Table table, Config& out) {
  table.read("threads", out.threads, {0, 256});
  table.read("max_connections", out.max_connections, {1, 1'000'000});
  std::uint64_t head = out.max_head_bytes;
  table.read_size("max_head", head, {1 << 10, 1 << 20});
  out.max_head_bytes = static_cast<std::uint32_t>(head);
  std::uint64_t unsent = out.max_unsent_bytes;
  table.read_size("max_unsent", unsent, {4 << 10, 1 << 30});
  out.max_unsent_bytes = static_cast<std::uint32_t>(unsent);
  table.read_duration("head_timeout", out.head_timeout);
  table.read_duration("idle_timeout", out.idle_timeout);
  table.read_duration("transfer_grace", out.transfer_grace);
  table.read_size("min_rate", out.min_rate, {1, 1 << 30});
  table.read_duration("stop_grace", out.stop_grace);
}

}  // namespace farm::net
