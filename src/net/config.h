// The [net] table of the configuration: bounds of the HTTP server. Times are milliseconds.
#pragma once

#include <chrono>
#include <cstdint>

#include "config/document.h"

namespace farm::net {

struct Config {
  std::uint32_t threads = 0;                // network threads; 0: as many as there are cores
  std::uint32_t max_connections = 20'000;   // open at once; more get 503 and are closed
  std::uint32_t max_head_bytes = 16 << 10;  // request line and headers; more get 431
  // That the kernel may hold for a client which reads slowly (tcp(7): TCP_NOTSENT_LOWAT); the
  // last piece that it takes may go beyond. Its memory for all connections together is regulated
  // (tcp_mem); what it does not hold stays in the cache, once for all clients.
  std::uint32_t max_unsent_bytes = 32 << 10;
  std::chrono::milliseconds head_timeout{10'000};  // from a request's first byte to its head's end
  std::chrono::milliseconds idle_timeout{60'000};  // between two requests of a connection
  // While a body moves (either way) the peer may keep us waiting for transfer_grace in all; every
  // min_rate bytes that move win a second of it back, never beyond transfer_grace. A slow line is
  // fine, one that drips or stands still is not, however much has moved before.
  std::chrono::milliseconds transfer_grace{30'000};
  std::uint64_t min_rate = 2 << 10;              // bytes a second
  std::chrono::milliseconds stop_grace{10'000};  // for what runs when the server is told to stop
};

void read_config(config::Table table, Config& out);

}  // namespace farm::net
